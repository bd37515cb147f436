"""The registry of policy tables: the files of sql/policy, read as they are.

A table's description is the comment above its `create`, with a line `-- task: …` for each job that is done in it; a
column's is the comment behind it. Types, required cells, allowed values, keys and references are those of the DDL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from leaderboard_etl.errors import EtlError
from leaderboard_etl.settings import resource

_CREATE = re.compile(r"^create table policy\.(\w+) \($", re.MULTILINE)
_COLUMN = re.compile(
    r"^ {4}(?P<name>\w+) (?P<type>varchar|bigint|integer|double|boolean|date)(?P<required> not null)?"
    r"(?: check \((?P=name) in \((?P<allowed>[^)]*)\)\))?"
    r"(?: references policy\.(?P<table>\w+) \((?P<column>\w+)\))?"
    r",?  -- (?P<comment>.+)$"
)
_KEY = re.compile(r"^ {4}primary key \(([\w, ]+)\)$")
_TASK = "-- task: "


@dataclass(frozen=True)
class PolicyColumn:
    """One column of a policy CSV. `allowed` is empty if any value is allowed; `refers_to` names a table and its column."""

    name: str
    sql_type: str
    is_required: bool
    comment: str
    allowed: tuple[str, ...] = ()
    refers_to: tuple[str, str] | None = None


@dataclass(frozen=True)
class PolicyTable:
    """One policy CSV. `key` is empty if rows may repeat; `tasks` are pairs of a job and how to do it here."""

    name: str
    comment: str
    columns: tuple[PolicyColumn, ...]
    key: tuple[str, ...]
    tasks: tuple[tuple[str, str], ...]
    file: Path

    @property
    def csv(self) -> str:
        """The path of the CSV in the project."""
        return f"policy/{self.name}.csv"


@cache
def policy_tables() -> dict[str, PolicyTable]:
    """Policy tables by name, in alphabetical order. Raises EtlError for a file of sql/policy in another form."""
    by_name = {}
    for file in sorted((resource("sql") / "policy").glob("*.sql")):
        for table in _read(file):
            by_name[table.name] = table
    return dict(sorted(by_name.items()))


def tasks() -> list[tuple[str, PolicyTable, str]]:
    """Every job that is done in a policy table: (job, table, how), in order of the job."""
    every_task = [(job, table, how) for table in policy_tables().values() for job, how in table.tasks]
    return sorted(every_task, key=lambda task: (task[0], task[1].name))


def _read(file: Path) -> Iterator[PolicyTable]:
    for block in file.read_text(encoding="utf-8").strip().split("\n\n"):
        match = _CREATE.search(block)
        if match is None or not block.endswith(");"):
            raise EtlError(
                f"{file}: a block is not `create table policy.NAME (` … `);` under its comment: {block[:80]!r}"
            )
        above, below = block[: match.start()].splitlines(), block[match.end() :].splitlines()[1:-1]
        jobs = [line.removeprefix(_TASK).partition(" | ") for line in above if line.startswith(_TASK)]
        description = [line.removeprefix("-- ") for line in above if not line.startswith(_TASK)]
        columns, key = [], ()
        for line in below:
            if key_line := _KEY.match(line):
                key = tuple(key_line[1].split(", "))
            else:
                columns.append(_column(line, match[1], file))
        yield PolicyTable(
            match[1], " ".join(description), tuple(columns), key, tuple((job, how) for job, _, how in jobs), file
        )


def _column(line: str, table: str, file: Path) -> PolicyColumn:
    match = _COLUMN.match(line)
    if match is None:
        raise EtlError(f"{file}: policy.{table}: a column needs a type and a comment behind it: {line.strip()!r}")
    return PolicyColumn(
        match["name"],
        match["type"],
        match["required"] is not None,
        match["comment"],
        tuple(re.findall(r"'([^']*)'", match["allowed"] or "")),
        (match["table"], match["column"]) if match["table"] else None,
    )
