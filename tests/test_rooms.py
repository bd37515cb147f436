"""Each package imports only from the packages below it, in the order given here, and from distributions that are declared."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from leaderboard_etl.settings import PACKAGE

# From the bottom up: a package may import the packages listed before it.
ROOMS = (
    *(
        "termination",
        "errors",
        "settings",
        "printable",
        "hyphens",
        "private",
        "durable",
        "memory",
        "apart",
        "engine",
        "code_version",
        "units",
        "days",
    ),
    *(
        "contracts",
        "raw",
        "hub",
        "policy",
        "sizes",
        "sources",
        "normalize",
        "analysis",
        "landing",
        "reading",
        "warehouse",
        "target",
    ),
    *("sample", "options", "pipeline", "report", "watching", "export", "article", "doctor", "importers"),
    *("prefect_server", "prefect_api", "recorded", "dask_runner", "orchestration", "commands", "cli"),
)


def room(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_no_package_imports_from_one_above_it() -> None:
    order = {name: number for number, name in enumerate(ROOMS)}
    wrong = []
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(PACKAGE.name):
                continue
            below = (node.module or "").split(".")[1:2] or [alias.name for alias in node.names]
            others = [name for name in below if name in order and name != room(file)]
            wrong += [
                f"{file.relative_to(PACKAGE)} imports {name}" for name in others if order[name] > order[room(file)]
            ]
    assert wrong == []


def test_every_package_is_in_the_order() -> None:
    there = {room(file) for file in PACKAGE.rglob("*.py")} - {"__init__"}
    assert there == set(ROOMS)


def test_every_distribution_that_the_package_imports_is_declared() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    extras = [line for name in ("dask", "mcp", "pictures", "s3") for line in project["optional-dependencies"][name]]
    declared = {re.split(r"[^\w-]", line)[0].lower().replace("_", "-") for line in project["dependencies"] + extras}
    imported = {
        name.partition(".")[0]
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }
    owners = packages_distributions()
    others = sorted(imported - {PACKAGE.name, *sys.stdlib_module_names})
    owned = {name: {owner.lower().replace("_", "-") for owner in owners.get(name, [name])} for name in others}
    assert [name for name in others if not owned[name] & declared] == []
