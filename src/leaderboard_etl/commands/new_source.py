"""`new-source`: copies the template into the folder and the test file of a new source, in a checkout of the project."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from leaderboard_etl.commands.parsing import Commands, add_command
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import PACKAGE

TEMPLATE = "template"
_NEXT = """\
{folder}/__init__.py: say what the source is and read its files
{folder}/fixture/: put a small copy of its files there, by their paths in the repository, in place of the template's
src/leaderboard_etl/policy/: add a row of benchmarks.csv for each variant that it measures, of comparable_groups.csv for each new
 group, of model_aliases.csv for each name that is not a repository; `leaderboard-etl policy check` names a faulty row
{test}: say what each odd form of its rows becomes
then `make docs`, and what names each piece that is still missing:
{python} -m pytest tests/test_sources.py tests/test_policy_schema.py tests/{test_name} -p no:xdist"""


def register(commands: Commands) -> None:
    """Registers `new-source`."""
    command = add_command(
        commands,
        "new-source",
        lambda options, _: new_source(options.source_id),
        "begin a source: its folder and tests from the template",
    )
    command.add_argument("source_id", metavar="NAME", help="its id, e.g. bigcode")


def new_source(source_id: str, *, package: Path = PACKAGE) -> int:
    """Copies the template into a folder and a test file of that name, and prints the next steps.

    Raises UsageError if the name exists already or cannot be a module name, and outside a checkout.
    """
    root = package.parents[1]
    folder, test = package / "sources" / source_id, root / "tests" / f"test_{source_id}.py"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", source_id):
        raise UsageError(f"{source_id!r} is not a source id; expected lower case letters, digits and '_'")
    if folder.exists() or test.exists():
        raise UsageError(f"{folder if folder.exists() else test} exists already; choose another name")
    template_test = root / "tests" / f"test_{TEMPLATE}.py"
    if not template_test.is_file():
        raise UsageError(f"{root} is not a checkout of the project: a source is added to its code")
    shutil.copytree(package / "sources" / TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(template_test, test)
    for file in (folder / "__init__.py", test):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(rf"\b{TEMPLATE}\b", source_id, text), encoding="utf-8")
    shown = folder.relative_to(root).as_posix()
    print(_NEXT.format(folder=shown, test=f"tests/{test.name}", test_name=test.name, python=".venv/bin/python"))
    return 0
