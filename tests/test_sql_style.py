"""The style rules of sql/, which no formatter can check because none parses all of this dialect."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leaderboard_etl.settings import resource

FILES = sorted(resource("sql").rglob("*.sql"))
LONGEST = 130
# Each of these files holds a single statement.
ONE_STATEMENT = (
    "macros",
    "views",
    "inputs",
    "checks",
    "queries",
    "exports",
    "claims",
    "judgements",
    "report",
    "explorer",
)


def code(sql: str) -> str:
    """The text without comments and with empty string literals."""
    return re.sub(r"'(?:[^']|'')*'", "''", re.sub(r"--.*", "", sql))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_file_of_sql_keeps_the_style(file: Path) -> None:
    assert faults(file.read_text(encoding="utf-8"), file.parent.name) == []


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("select 1\n", "no header comment"),
        ("-- a\nSELECT 1\n", "upper case: SELECT"),
        ("-- a\nselect 'SELECT' as a, Score as b\n", "upper case: Score"),
        ("-- a\nselect 1 \n", "line 2: trailing space"),
        ("-- a\nselect\n\t1\n", "line 3: tab"),
        ("-- a\nselect\n  1\n", "line 3: indented by 2"),
        ("-- a\nselect 1", "no newline at the end"),
        ("-- a\nselect 1;\n", "a semicolon: one statement a file"),
        ("-- a\nwith x as (\n\n    select 1\n)\n\nselect * from x\n", "a CTE has no blank line before it ends"),
        (f"-- a\nselect {'1 + ' * 40}1\n", "line 2: 168 characters"),
    ],
)
def test_each_fault_of_style_is_detected(sql: str, fault: str) -> None:
    assert faults(sql, "queries") == [fault]


def faults(sql: str, folder: str) -> list[str]:
    """The style rules that the text breaks, in words."""
    bare = code(sql)
    found = [] if sql.startswith("-- ") else ["no header comment"]
    found += [f"upper case: {word}" for word in re.findall(r"\b[A-Za-z_]*[A-Z][A-Za-z_]*\b", bare) if word != "N"]
    for number, (line, whole) in enumerate(zip(bare.split("\n"), sql.split("\n"), strict=True), 1):
        indent = len(line) - len(line.lstrip())
        found += [f"line {number}: trailing space"] if whole != whole.rstrip() else []
        found += [f"line {number}: tab"] if "\t" in whole else []
        found += [f"line {number}: indented by {indent}"] if line.strip() and indent % 4 and "\t" not in line else []
        found += [f"line {number}: {len(line)} characters"] if len(line) > LONGEST else []
    found += [] if sql.endswith("\n") else ["no newline at the end"]
    if folder in ONE_STATEMENT:
        found += ["a semicolon: one statement a file"] if ";" in bare else []
        if re.search(r"\bas \(\n\n(?:(?!\n\n).)*[^\n]\n\),?$", bare, re.DOTALL | re.MULTILINE):
            found.append("a CTE has no blank line before it ends")
    return found
