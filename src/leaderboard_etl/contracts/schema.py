"""The one registry of tables and columns: the files of sql/schema and sql/views, read as they are.

A table's description is the comment above its `create`, a column's is the comment behind it; a view's columns are
described in its header. The same text gives the database's COMMENTs, the dictionary, and the Polars dtypes of
parsed frames, so that these cannot disagree.

A column that means the same as another is described once: `= history.scores` means the full text of the column of
the same name there, `= core.models.display_name` for that of another name; what follows `; ` is added to it. The values
of a closed vocabulary are in `check (column in (…))`, of a view's column in parentheses behind its name; they are
inherited too. DuckDB does not get the `check`: the audit warns instead, so that an unlisted value does not end a night.

A view of sql/schema stands for a table whose rows are kept in narrower ones. Its columns have the types of the columns that they
repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from leaderboard_etl.errors import EtlError
from leaderboard_etl.settings import resource

if TYPE_CHECKING:
    import polars as pl

_CREATE = re.compile(r"^create (?:or replace )?(table|view) (\w+\.\w+)", re.MULTILINE)
_CREATE_VIEW = re.compile(r"^create view ", re.MULTILINE)
_COLUMN = re.compile(
    r"^\s{4}(?P<name>\w+) (?P<type>[a-z]+)(?P<required> not null)?(?: check \((?P=name) in \((?P<allowed>[^)]*)\)\))?"
    r",?\s*--\s*(?P<comment>.+)$"
)
_CHECK = re.compile(r" check \(\w+ in \([^)]*\)\)")
_VIEW_COLUMN = re.compile(r"^--\s{3}(?P<name>\w+)(?: \((?P<allowed>[^)]*)\))?: (?P<comment>.+)$")
_KEPT = re.compile(r"^-- kept(?: by (?P<part>[\w, ]+?))?(?:; a row follows from its (?P<row>\w+))?$")
_SAME = re.compile(r"^= (?P<relation>\w+\.\w+)(?:\.(?P<column>\w+))?(?:; (?P<more>.+))?$")


@dataclass(frozen=True)
class Column:
    """One column: its SQL type (empty for views of sql/views, where the query decides), whether null is refused, and its
    meaning.

    `allowed` are the values of a closed vocabulary; empty if any value is allowed.
    """

    name: str
    sql_type: str
    is_required: bool
    comment: str
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relation:
    """A table or view with its description and columns in order; `sql` creates it.

    `kept_by`: a run keeps the view's rows as a table of its name, and makes them again part by part; these columns name the
    part. Empty: the whole is one part. Null: the view is not kept. `row_by`: a row of a kept view is made from what core says of
    the model in this column, what its names first said, and policy and code; null: from more than that.
    """

    name: str
    kind: str
    comment: str
    columns: tuple[Column, ...]
    sql: str
    file: Path
    kept_by: tuple[str, ...] | None = None
    row_by: str | None = None

    @property
    def schema(self) -> str:
        return self.name.split(".")[0]

    @property
    def query(self) -> str:
        """The query of a view."""
        return self.sql.partition(f"create view {self.name} as\n")[2]

    def comments(self, kind: str | None = None) -> Iterator[str]:
        """SQL statements that put the descriptions into a database; `kind`: what the relation is there, if it is a kept view."""
        yield f"comment on {kind or self.kind} {self.name} is {_quote(self.comment)}"
        for column in self.columns:
            yield f"comment on column {self.name}.{column.name} is {_quote(column.comment)}"


@cache
def tables() -> dict[str, Relation]:
    """Tables of sql/schema by name, in the order in which they are created."""
    return {relation.name: _with_full_texts(relation) for relation in _written().values() if relation.kind == "table"}


@cache
def wide_views() -> dict[str, Relation]:
    """Views of sql/schema by name, in the order in which they are created: each stands for a table."""
    return {name: view for name, view in views().items() if _stands_for_table(view)}


@cache
def views() -> dict[str, Relation]:
    """Views of sql/schema and sql/views by name, in an order in which each finds the ones that it reads."""
    unordered = {name: _with_full_texts(view) for name, view in _written().items() if view.kind == "view"}
    ordered: dict[str, Relation] = {}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise EtlError(f"{unordered[name].file}: views read each other in a circle: {' -> '.join((*path, name))}")
        if name in ordered:
            return
        for other in sorted(unordered):
            if other != name and re.search(rf"\b{re.escape(other)}\b", _code(unordered[name].sql)):
                add(other, (*path, name))
        ordered[name] = unordered[name]

    for name in sorted(unordered):
        add(name, ())
    return ordered


@cache
def kept_views() -> dict[str, Relation]:
    """The views of sql/views that a run keeps as tables, in the order in which they are made."""
    return {name: view for name, view in views().items() if view.kept_by is not None}


def described(text: str) -> tuple[str, tuple[Column, ...]]:
    """The comment lines of a query and the columns that its `-- columns:` list describes."""
    comment: list[str] = []
    columns: list[Column] = []
    for line in text.splitlines():
        column = _VIEW_COLUMN.match(line)
        if column is not None:
            allowed = tuple(column["allowed"].split(", ")) if column["allowed"] else ()
            columns.append(Column(column["name"], "", False, column["comment"].strip(), allowed))
        elif line.startswith("-- ") and not line.startswith("-- columns:") and not _KEPT.match(line):
            comment.append(line[3:].strip())
    return " ".join(comment), tuple(columns)


def frame_schema(table: str, *, without: tuple[str, ...] = ()) -> dict[str, pl.DataType]:
    """Column names and Polars dtypes of a table, or of a view that stands for one, to check parsed frames against."""
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
    relation = tables().get(table) or wide_views()[table]
    return {c.name: dtypes[c.sql_type] for c in relation.columns if c.name not in without}


@cache
def _written() -> dict[str, Relation]:
    """Tables and views as their files describe them: a column's text may be `= ` and the name of the column that it repeats."""
    return {relation.name: relation for relation in (*_table_files(), *_view_files())}


def _with_full_texts(relation: Relation) -> Relation:
    return replace(relation, columns=tuple(_full(relation, column, ()) for column in relation.columns))


def _full(relation: Relation, column: Column, path: tuple[str, ...]) -> Column:
    """The column with its own text or that of the column that it repeats, and its allowed values."""
    here = f"{relation.name}.{column.name}"
    same = _SAME.match(column.comment)
    text, allowed, sql_type, is_required = column.comment, column.allowed, column.sql_type, column.is_required
    if same is not None:
        name = same["column"] or column.name
        other = _written().get(same["relation"])
        described = next((each for each in other.columns if each.name == name), None) if other else None
        if other is None or described is None or here in path:
            what = "repeats itself" if here in path else f"there is no column {same['relation']}.{name} to repeat"
            raise EtlError(f"{relation.file}: {here}: {what}")
        full = _full(other, described, (*path, here))
        text = "; ".join(part for part in (full.comment, same["more"]) if part)
        allowed = allowed or full.allowed
        if _stands_for_table(relation):
            sql_type, is_required = full.sql_type, full.is_required
    if not all(value in text for value in allowed):
        text = f"{text}. One of {', '.join(allowed)}"
    return replace(column, comment=text, allowed=allowed, sql_type=sql_type, is_required=is_required)


def _stands_for_table(relation: Relation) -> bool:
    return relation.kind == "view" and relation.file.parent.name == "schema"


def _table_files() -> Iterator[Relation]:
    for file in sorted((resource("sql") / "schema").glob("*.sql")):
        for statement in _statements(file.read_text(encoding="utf-8")):
            yield _read_view(statement, file) if _CREATE_VIEW.search(statement) else _read_table(statement, file)


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
        if line.rstrip().endswith(";") and not line.startswith("--"):
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
        allowed = tuple(re.findall(r"'([^']*)'", column["allowed"] or ""))
        columns.append(
            Column(column["name"], column["type"], column["required"] is not None, column["comment"].strip(), allowed)
        )
    if not comment:
        raise EtlError(f"{file}: {match[2]} has no comment above it")
    return Relation(match[2], "table", " ".join(comment), tuple(columns), _CHECK.sub("", statement), file)


def _read_view(text: str, file: Path) -> Relation:
    match = _CREATE.search(text)
    if match is None or match[1] != "view":
        raise EtlError(f"{file}: no `create view schema.name as`")
    comment, columns = described(text[: match.start()])
    kept = next((found for line in text[: match.start()].splitlines() if (found := _KEPT.match(line))), None)
    part = None if kept is None else tuple(kept["part"].split(", ")) if kept["part"] else ()
    return Relation(match[2], "view", comment, columns, text, file, part, kept["row"] if kept is not None else None)


def _code(sql: str) -> str:
    return re.sub(r"--.*", "", sql)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
