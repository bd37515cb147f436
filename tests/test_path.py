"""ARCHITECTURE.md lists the path of one score call by call; this checks that the code has that path."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from leaderboard_etl.settings import PACKAGE, resource

_ROW = re.compile(r"^\| (\d+) \| `([\w/]+\.py)` \| `([\w.]+)` \| .+ \|$", re.MULTILINE)


def test_each_call_on_the_path_of_a_score_exists_and_a_file_before_it_calls_it() -> None:
    text = (PACKAGE.parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = [(int(number), _file(name), function) for number, name, function in _ROW.findall(text)]
    assert [number for number, _, _ in rows] == list(range(1, len(rows) + 1))
    assert f"{len(rows)} calls through {len({file for _, file, _ in rows})} files" in text
    wrong = []
    for number, file, function in rows:
        if function not in _functions(file):
            wrong.append(f"{number}: {file} has no {function}")
        # The command line calls the first one; the snapshot flow starts again with the published file.
        callers = {before for _, before, _ in rows[: number - 1]} | {_file("flows/snapshot.py")}
        if number > 1 and not any(_uses(caller, function.rpartition(".")[2]) for caller in callers):
            wrong.append(f"{number}: no file before it calls {function}")
    assert wrong == []


def _file(name: str) -> Path:
    return resource("flows") / name.removeprefix("flows/") if name.startswith("flows/") else PACKAGE / name


def _functions(file: Path) -> set[str]:
    """The functions of a module, and its methods as Class.method."""
    found = set()
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
            found.update(f"{node.name}.{method.name}" for method in methods)
    return found


def _uses(file: Path, function: str) -> bool:
    """Whether a module uses a name, alone or as an attribute. A definition is not a use."""
    return any(
        (isinstance(node, ast.Name) and node.id == function)
        or (isinstance(node, ast.Attribute) and node.attr == function)
        for node in ast.walk(ast.parse(file.read_bytes()))
    )
