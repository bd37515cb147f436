"""The one registry of tables and columns: the files of sql/schema and sql/views, read as they are.

A table's description is the comment above its `create`, a column's is the comment behind it; a view's columns are
described in its header. The same text becomes the database's COMMENTs, the dictionary, and the Polars dtypes that
staged frames must have, so that none of them can say something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from leaderboard_etl.errors import EtlError
from leaderboard_etl.settings import resource

if TYPE_CHECKING:
    import polars as pl

_CREATE = re.compile(r"^create (?:or replace )?(table|view) (\w+\.\w+)", re.MULTILINE)
_COLUMN = re.compile(r"^\s{4}(\w+) ([a-z]+)( not null)?,?\s*--\s*(.+)$")
_VIEW_COLUMN = re.compile(r"^--\s{3}(\w+): (.+)$")


@dataclass(frozen=True)
class Column:
    """One column: its SQL type (empty for views, where the query decides), whether null is refused, and its meaning."""

    name: str
    sql_type: str
    is_required: bool
    comment: str


@dataclass(frozen=True)
class Relation:
    """A table or view with its description and columns in order; `sql` creates it."""

    name: str
    kind: str
    comment: str
    columns: tuple[Column, ...]
    sql: str
    file: Path

    @property
    def schema(self) -> str:
        return self.name.split(".")[0]

    def comments(self) -> Iterator[str]:
        """SQL statements that put the descriptions into a database."""
        yield f"comment on {self.kind} {self.name} is {_quote(self.comment)}"
        for column in self.columns:
            yield f"comment on column {self.name}.{column.name} is {_quote(column.comment)}"


@cache
def tables() -> dict[str, Relation]:
    """Tables of sql/schema by name, in the order in which they are created."""
    found: dict[str, Relation] = {}
    for file in sorted((resource("sql") / "schema").glob("*.sql")):
        for statement in _statements(file.read_text(encoding="utf-8")):
            relation = _read_table(statement, file)
            found[relation.name] = relation
    return found


@cache
def views() -> dict[str, Relation]:
    """Views of sql/views by name, in an order in which each finds the ones that it reads."""
    unordered = {relation.name: relation for relation in _view_files()}
    found: dict[str, Relation] = {}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise EtlError(f"{unordered[name].file}: views read each other in a circle: {' -> '.join((*path, name))}")
        if name in found:
            return
        for other in sorted(unordered):
            if other != name and re.search(rf"\b{re.escape(other)}\b", _code(unordered[name].sql)):
                add(other, (*path, name))
        found[name] = unordered[name]

    for name in sorted(unordered):
        add(name, ())
    return found


def described(text: str) -> tuple[str, tuple[Column, ...]]:
    """The comment lines of a query and the columns that its `-- columns:` list describes."""
    comment: list[str] = []
    columns: list[Column] = []
    for line in text.splitlines():
        column = _VIEW_COLUMN.match(line)
        if column is not None:
            columns.append(Column(column[1], "", False, column[2].strip()))
        elif line.startswith("-- ") and not line.startswith("-- columns:"):
            comment.append(line[3:].strip())
    return " ".join(comment), tuple(columns)


def frame_schema(table: str, *, without: tuple[str, ...] = ()) -> dict[str, pl.DataType]:
    """Column names and Polars dtypes of a table, to check staged frames against."""
    import polars as pl

    dtypes: dict[str, pl.DataType] = {
        "varchar": pl.String(),
        "double": pl.Float64(),
        "integer": pl.Int32(),
        "bigint": pl.Int64(),
        "boolean": pl.Boolean(),
        "date": pl.Date(),
        "timestamp": pl.Datetime("us"),
    }
    return {c.name: dtypes[c.sql_type] for c in tables()[table].columns if c.name not in without}


def _view_files() -> Iterator[Relation]:
    for file in sorted((resource("sql") / "views").glob("*.sql")):
        text = file.read_text(encoding="utf-8")
        relation = _read_view(text, file)
        if relation.name.split(".")[1] != file.stem:
            raise EtlError(f"{file}: creates {relation.name}; the file name must be the view's name")
        yield relation


def _statements(text: str) -> Iterator[str]:
    block: list[str] = []
    for line in text.splitlines():
        block.append(line)
        if line.rstrip().endswith(");"):
            yield "\n".join(block)
            block = []


def _read_table(statement: str, file: Path) -> Relation:
    match = _CREATE.search(statement)
    if match is None:
        raise EtlError(f"{file}: no `create table schema.name (` in: {statement[:80]!r}")
    above = statement[: match.start()].strip().splitlines()
    comment: list[str] = []
    for line in reversed(above):
        if not line.startswith("-- "):
            break
        comment.insert(0, line[3:].strip())
    columns = []
    for line in statement[match.end() :].splitlines()[1:-1]:
        column = _COLUMN.match(line)
        if column is None:
            raise EtlError(f"{file}: {match[2]}: a column needs a type and a comment behind it: {line.strip()!r}")
        columns.append(Column(column[1], column[2], column[3] is not None, column[4].strip()))
    if not comment:
        raise EtlError(f"{file}: {match[2]} has no comment above it")
    return Relation(match[2], "table", " ".join(comment), tuple(columns), statement, file)


def _read_view(text: str, file: Path) -> Relation:
    match = _CREATE.search(text)
    if match is None or match[1] != "view":
        raise EtlError(f"{file}: no `create view schema.name as`")
    comment, columns = described(text[: match.start()])
    return Relation(match[2], "view", comment, columns, text, file)


def _code(sql: str) -> str:
    return re.sub(r"--.*", "", sql)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
