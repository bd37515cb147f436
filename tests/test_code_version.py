"""The code version depends on what decides the content of the tables, and on nothing else."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from leaderboard_etl import code_version as versions
from leaderboard_etl.code_version import code_files, code_version, export_version, modules_of, statements

CODE = '''
"""A module."""

LIMIT = 3  # why


def twice(value: int) -> int:
    """Doubles."""
    return 2 * value
'''


def read(code: str) -> object:
    return statements(ast.parse(code))


def test_comments_docstrings_and_layout_do_not_count() -> None:
    reworded = CODE.replace("Doubles.", "Gives the double.").replace("  # why", "").replace('"""A module."""', "")
    assert read(reworded.replace("2 * value", "(\n        2 * value\n    )")) == read(CODE)


def test_a_changed_value_name_or_operator_counts() -> None:
    for old, new in (("3", "4"), ("2 *", "2 +"), ("twice", "double"), ("-> int", "-> float")):
        assert read(CODE.replace(old, new)) != read(CODE)


def test_what_builds_the_tables_counts_and_what_shows_them_does_not() -> None:
    names = set(modules_of("target.file", "warehouse.audit"))
    assert {"warehouse.core", "sources.arena", "normalize.evidence", "analysis.lags", "sources.rules"} <= names
    assert not {name for name in names if name.startswith(("commands", "export", "hub", "cli", "report"))}


def test_both_versions_are_of_the_package_and_differ() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\+[0-9a-f]{12}", code_version())
    assert code_version() != export_version()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one module."""
    (tmp_path / "module.py").write_text("LIMIT = 3\n")
    monkeypatch.setattr(versions, "PACKAGE", tmp_path)
    monkeypatch.setattr(versions, "resource", lambda _: tmp_path / "sql")
    return tmp_path


def test_a_version_is_made_once_for_the_files_as_they_are(package: Path) -> None:
    def ask(version: str) -> str:
        code_files.cache_clear()
        return versions._kept("any", lambda: version)

    try:
        assert [ask("1"), ask("2")] == ["1", "1"]
        kept = package / "__pycache__" / "any"
        for damaged in ("other-files 0\n", "half", ""):
            kept.write_text(damaged)
            assert ask("3") == "3"
        module = package / "module.py"
        before = module.stat()
        module.write_text("LIMIT = 4\n")
        os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert module.stat().st_size == before.st_size
        assert ask("4") == "4"
        (package / "other.py").touch()
        assert ask("5") == "5"
        assert list((package / "__pycache__").iterdir()) == [kept]
    finally:
        code_files.cache_clear()


def test_where_nothing_can_be_kept_the_version_is_made_each_time(package: Path) -> None:
    (package / "__pycache__").write_text("no folder")
    assert [versions._kept("any", lambda: "1"), versions._kept("any", lambda: "2")] == ["1", "2"]
    code_files.cache_clear()
