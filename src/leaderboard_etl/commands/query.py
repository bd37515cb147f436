"""`sql`: runs ad-hoc queries on the published warehouse, now or as of a day."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from leaderboard_etl.commands.display import print_json, print_table, records
from leaderboard_etl.commands.parsing import Commands, add_as_of, add_command
from leaderboard_etl.commands.rows_file import expect_outside, write_rows
from leaderboard_etl.errors import UsageError, first_line
from leaderboard_etl.settings import Warehouse, resource
from leaderboard_etl.termination import signal_in, stopping

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

_SHOWN_ROWS = 100
# Types, inside lists and structures too, for which frames have no type or another value: DuckDB shows them as text.
_FOR_DUCKDB_ALONE = frozenset(
    {"interval", "union", "bit", "uhugeint", "bignum", "variant", "geometry", "time with time zone", "unknown"}
)


def register(commands: Commands) -> None:
    """Registers `sql`."""
    command = add_command(commands, "sql", sql, "ask the published warehouse in SQL")
    command.add_argument("query", nargs="?", help="a query; '-' reads it from standard input")
    command.add_argument("-f", "--file", type=Path, help="a file with the query")
    command.add_argument("-q", "--named", metavar="NAME", help="a query of sql/queries")
    command.add_argument("--list", action="store_true", help="list the queries of sql/queries")
    add_as_of(command)
    command.add_argument(
        "--format", choices=("table", "csv", "json", "parquet"), default="table", help="default: table"
    )
    command.add_argument("-o", "--output", type=Path, help="write there instead of printing")
    command.add_argument(
        "--unsafe",
        action="store_true",
        help="for a query that you trust: it may use files, the network, extensions and settings of DuckDB",
    )
    command.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")


def sql(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Runs one query and prints or writes its rows. Unless `unsafe` is set, it can reach only the published tables.

    Raises UsageError for a query that DuckDB refuses, and for an output inside the warehouse.
    """
    import duckdb

    from leaderboard_etl.target.locked import is_refusal
    from leaderboard_etl.target.opening import open_published

    if options.list:
        print_table([{"query": path.stem, "question": _question(path)} for path in _queries()])
        return 0
    query = _query_text(options)
    if not query.strip(" \t\r\n;"):
        raise UsageError("the query is empty")
    if options.format == "parquet" and options.output is None:
        raise UsageError("--format parquet needs -o FILE: it is not text")
    if options.output is not None:
        expect_outside(options.output, warehouse)
    with open_published(warehouse, as_of=options.as_of, is_locked=not options.unsafe) as con, stopping(con.interrupt):
        try:
            *before, last = [statement.query for statement in con.extract_statements(query)] or [""]
            for statement in before:
                con.execute(statement).fetchall()
            relation = con.sql(last)
            if relation is not None:
                _output_rows(_readable(relation), options.format, options.output)
        except duckdb.InterruptException as error:
            raise (signal_in(error) or KeyboardInterrupt()) from None
        except duckdb.Error as error:
            if (stopped := signal_in(error)) is not None:
                raise stopped from None
            if is_refusal(error) and not options.unsafe:
                raise UsageError(
                    f"a query may read the tables of the warehouse and do nothing else ({first_line(error)});"
                    " --unsafe lifts this, for a query that you trust"
                ) from error
            raise UsageError(f"DuckDB refuses the query: {first_line(error)}") from error
    return 0


def _output_rows(relation: duckdb.DuckDBPyRelation, form: str, output: Path | None) -> None:
    if output is not None:
        # A file is for programs, so its default format is JSON and not a printed table.
        write_rows(relation, "json" if form == "table" else form, output)
        print(f"wrote {output}", file=sys.stderr)
    elif form == "csv":
        write_rows(relation, form, None)
    elif form == "json":
        print_json(records(relation))
    else:
        _show(relation)


def _query_text(options: argparse.Namespace) -> str:
    query_sources = [text for text in (options.query, options.file, options.named) if text is not None]
    if len(query_sources) != 1:
        raise UsageError(
            'give one query: as text, with -f FILE, or with -q NAME (see --list); e.g. "from mart.coverage"'
        )
    if options.file is not None:
        return _read(options.file)
    if options.named is not None:
        files_by_name = {path.stem: path for path in _queries()}
        if options.named not in files_by_name:
            raise UsageError(f"no query {options.named!r}; there are: {', '.join(sorted(files_by_name))}")
        return _read(files_by_name[options.named])
    return sys.stdin.read() if options.query == "-" else str(options.query)


def _readable(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Casts columns of a type that DuckDB alone knows, such as the difference of two times, to text."""
    columns = zip(relation.columns, relation.types, strict=True)
    names = [name for name, kind in columns if not _FOR_DUCKDB_ALONE.isdisjoint(_kinds(kind))]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    return (
        relation.select(f"* replace ({', '.join(f'{name}::varchar as {name}' for name in quoted)})")
        if quoted
        else relation
    )


def _kinds(kind: DuckDBPyType) -> Iterator[str]:
    """The name of a type and those of all types in it."""
    yield kind.id
    if kind.id in ("list", "array", "map", "struct"):
        for _, child in kind.children:
            if not isinstance(child, int | list):  # the length of an array
                yield from _kinds(child)


def _show(relation: duckdb.DuckDBPyRelation) -> None:
    rows = records(relation.limit(_SHOWN_ROWS + 1))
    print_table(rows[:_SHOWN_ROWS])
    if len(rows) > _SHOWN_ROWS:
        print(f"the first {_SHOWN_ROWS} rows; all of them with --format csv or -o FILE")
    elif not rows:
        print("no rows")


def _queries() -> list[Path]:
    return sorted((resource("sql") / "queries").glob("*.sql"))


def _question(path: Path) -> str:
    first = _read(path).splitlines()[0]
    return first.removeprefix("--").strip()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UsageError(f"{path} cannot be read: {why}") from error
