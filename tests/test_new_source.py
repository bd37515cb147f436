"""`new-source` makes a source that is found, describes itself and comes with tests; it overwrites nothing."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from leaderboard_etl.commands.new_source import new_source
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import PACKAGE


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the parts of a checkout that the command needs."""
    shutil.copytree(PACKAGE / "sources" / "template", tmp_path / "src" / "leaderboard_etl" / "sources" / "template")
    (tmp_path / "tests").mkdir()
    shutil.copy(Path(__file__).with_name("test_template.py"), tmp_path / "tests")
    return tmp_path / "src" / "leaderboard_etl"


def loaded(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("made", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_new_source_has_its_name_in_its_folder_and_its_tests(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new_source("my_board", package=package) == 0
    folder = package / "sources" / "my_board"
    assert loaded(folder / "__init__.py").SOURCE.source_id == "my_board"
    assert (folder / "fixture" / "results.csv").is_file()
    test = (package.parents[1] / "tests" / "test_my_board.py").read_text(encoding="utf-8")
    assert "sources.my_board import SOURCE" in test and "template" not in test
    assert "src/leaderboard_etl/sources/my_board/fixture/: put a small copy" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["template", "My-Board", "9lives", "../x", ""])
def test_a_name_that_exists_or_is_invalid_is_refused(package: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"exists already|is not a source id"):
        new_source(name, package=package)


def test_outside_a_checkout_nothing_is_made(package: Path) -> None:
    shutil.rmtree(package.parents[1] / "tests")
    with pytest.raises(UsageError, match="is not a checkout of the project"):
        new_source("my_board", package=package)
    assert not (package / "sources" / "my_board").exists()
