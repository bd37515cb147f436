"""`sql`: runs ad-hoc queries on the published warehouse, now or as of a day."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from leaderboard_etl.commands.display import plain, print_expanded, print_json, print_table, print_wide_table, records
from leaderboard_etl.commands.parsing import Commands, add_as_of, add_command
from leaderboard_etl.commands.rows_file import FORMATS, expect_outside, write_rows
from leaderboard_etl.errors import UsageError, first_line
from leaderboard_etl.printable import how_many
from leaderboard_etl.settings import Warehouse, resource
from leaderboard_etl.termination import signal_in, stopping

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

_SHOWN_ROWS = 100
_NOTE = "note: "
# Types, inside lists and structures too, for which frames have no type or another value: DuckDB shows them as text.
_FOR_DUCKDB_ALONE = frozenset(
    {"interval", "union", "bit", "uhugeint", "bignum", "variant", "geometry", "time with time zone", "unknown"}
)


def register(commands: Commands) -> None:
    """Registers `sql`."""
    command = add_command(commands, "sql", sql, "ask the published warehouse in SQL")
    command.add_argument(
        "query",
        nargs="?",
        help="a query; '-', or a pipe without a query, reads it from standard input; without one a terminal opens a prompt",
    )
    command.add_argument("-f", "--file", type=Path, help="a file with the query; '-' is standard input")
    command.add_argument("-q", "--named", metavar="NAME", help="a query of sql/queries")
    command.add_argument(
        "--list", action="store_true", help="list the queries of sql/queries; with --format md and answers"
    )
    add_as_of(command)
    command.add_argument(
        "--format",
        choices=("table", *dict.fromkeys(FORMATS.values())),
        help="default: what the extension of -o FILE says, else a table",
    )
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there instead of printing")
    command.add_argument("-x", "--expanded", action="store_true", help="a table with one column per line")
    command.add_argument(
        "--limit", type=_at_least_one, metavar="N", help=f"rows of a table (default: {_SHOWN_ROWS}) or of a file"
    )
    command.add_argument("--types", action="store_true", help="with the type of each column in its heading")
    command.add_argument(
        "--unsafe",
        action="store_true",
        help="for a query that you trust: it may use files, the network, extensions and settings of DuckDB",
    )
    command.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")


def sql(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Runs one query and prints or writes its rows, or on a terminal without a query opens a prompt. Unless `unsafe` is set, a
    query can reach only the published tables.

    Raises UsageError for a query that DuckDB refuses, and for an output inside the warehouse.
    """
    from leaderboard_etl.target.past import open_state

    if options.list and options.format == "md":
        from leaderboard_etl.commands.cookbook import cookbook

        with open_state(warehouse, options.as_of, "mart", is_locked=not options.unsafe) as con:
            page = "".join(cookbook(con, {path.stem: _read(path) for path in _queries()}))
        _print_or_write(page, options.output, warehouse)
        return 0
    if options.list:
        list_queries()
        return 0
    if _is_conversation(options):
        from leaderboard_etl.commands.prompt import converse

        return converse(options, warehouse, _format(options))
    query = _query_text(options)
    if not query.strip(" \t\r\n;"):
        raise UsageError("the query is empty")
    form = _format(options)
    if options.output is not None:
        expect_outside(options.output, warehouse)
    with open_state(warehouse, options.as_of, query, is_locked=not options.unsafe) as con:
        answer(con, query, form, options)
    if options.named is not None and form == "table":
        print_note(query)
    return 0


def answer(con: duckdb.DuckDBPyConnection, query: str, form: str, options: argparse.Namespace) -> None:
    """Runs the statements of a query and prints or writes the rows of each, in the format `form`.

    Raises UsageError for what DuckDB refuses, and KeyboardInterrupt or Terminated where a signal stops it.
    """
    import duckdb

    from leaderboard_etl.target.past import why_empty

    with stopping(con.interrupt):
        try:
            n_shown = 0
            for statement in con.extract_statements(query):
                relation = con.sql(statement.query)
                if relation is None or not _has_rows(statement):
                    continue
                n_shown += 1
                if n_shown > 1 and form != "table":
                    raise UsageError(f"a file or --format {form} holds the rows of one query, and these are several")
                _output_rows(_readable(relation), form, options)
            if (note := why_empty(con, options.as_of, query)) is not None:
                print(f"leaderboard-etl: {note}", file=sys.stderr)
        except duckdb.InterruptException as error:
            raise (signal_in(error) or KeyboardInterrupt()) from None
        except duckdb.Error as error:
            if (stopped := signal_in(error)) is not None:
                raise stopped from None
            raise refused(
                error, None if options.unsafe else "; --unsafe lifts this, for a query that you trust"
            ) from error


def rows_of(con: duckdb.DuckDBPyConnection, query: str, most: int) -> tuple[list[str], list[dict[str, Any]]]:
    """The columns and the first `most` rows of one query. Raises UsageError for none, for several, and for a statement that asks
    nothing; duckdb.Error for what DuckDB refuses."""
    statements = con.extract_statements(query)
    if len(statements) != 1:
        raise UsageError(f"give one query: these are {len(statements)} statements")
    if not _has_rows(statements[0]):
        raise UsageError(
            "a query may read the tables of the warehouse and do nothing else: this statement asks nothing"
        )
    relation = _readable(con.sql(statements[0].query))
    return list(relation.columns), records(relation.limit(most))


def _is_conversation(options: argparse.Namespace) -> bool:
    """Whether a person sits at a terminal and has not said what to ask."""
    is_unasked = options.query is None and options.file is None and options.named is None
    return is_unasked and options.output is None and _is_terminal(sys.stdin) and _is_terminal(sys.stdout)


def _print_or_write(text: str, output: Path | None, warehouse: Warehouse) -> None:
    if output is None:
        print(text, end="")
        return
    expect_outside(output, warehouse)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"-o {output} cannot be written: {error.strerror}") from error
    print(f"wrote {output}", file=sys.stderr)


def _has_rows(statement: duckdb.Statement) -> bool:
    """Whether a statement is a question, and does not only set or make something for the next one."""
    return statement.type.name == "MULTI" or [kind.name for kind in statement.expected_result_type] == ["QUERY_RESULT"]


def _format(options: argparse.Namespace) -> str:
    """The format that the options ask for; that of a file without one is JSON, because a file is for programs."""
    form: str | None = options.format
    output: Path | None = options.output
    if output is None:
        if form == "parquet":
            raise UsageError("--format parquet needs -o FILE: it is not text")
        return form or "table"
    if form is None and output.suffix and output.suffix.lower() not in FORMATS:
        raise UsageError(
            f"-o {output}: no format has this extension: choose one of {', '.join(FORMATS)}, or add --format"
        )
    form = form or FORMATS.get(output.suffix.lower(), "json")
    return "json" if form == "table" else form


def refused(error: duckdb.Error, how_to_lift: str | None = "") -> UsageError:
    """DuckDB's message in one line, and below it the line of the query with its caret. Where it wants more than to read tables
    it says so, and how to lift that; null: nothing was locked."""
    from leaderboard_etl.target.locked import is_refusal

    if how_to_lift is not None and is_refusal(error):
        return UsageError(
            f"a query may read the tables of the warehouse and do nothing else ({first_line(error)}){how_to_lift}"
        )
    message, mark, place = str(error).strip().partition("\n\nLINE ")
    said = first_line(Exception(message))
    if re.search(r'[Ss]chema (?:with name )?"?policy\b', said):
        said = f"{said.rstrip('.')}; policy tables are CSV files of the project, not tables of the warehouse: docs/policy.md"
    return UsageError(f"DuckDB refuses the query: {said}", f"line {place}".splitlines() if mark else ())


def _output_rows(relation: duckdb.DuckDBPyRelation, form: str, options: argparse.Namespace) -> None:
    if form == "table":
        _show(relation, options.limit or _SHOWN_ROWS, is_expanded=options.expanded, has_types=options.types)
        return
    if options.limit is not None:
        relation = relation.limit(options.limit)
    if options.types:
        relation = relation.select(", ".join(f"{_quoted(name)} as {_quoted(head)}" for name, head in _heads(relation)))
    if options.output is None and form == "json":
        print_json(records(relation))
        return
    write_rows(relation, form, options.output)
    if options.output is not None:
        print(f"wrote {options.output}", file=sys.stderr)


def _query_text(options: argparse.Namespace) -> str:
    query_sources = [text for text in (options.query, options.file, options.named) if text is not None]
    if not query_sources and not _is_terminal(sys.stdin):
        return _standard_input()
    if len(query_sources) != 1:
        raise UsageError(
            'give one query: as text, with -f FILE, or with -q NAME (see --list); e.g. "from mart.coverage"'
        )
    if options.file is not None:
        return _standard_input() if str(options.file) == "-" else _read(options.file)
    if options.named is not None:
        return named_query(options.named)
    return _standard_input() if options.query == "-" else str(options.query)


def _standard_input() -> str:
    """All of it as text. Raises UsageError for what is no text, or where nothing can be read."""
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise UsageError("standard input is not UTF-8 text: give a query") from error
    except (OSError, ValueError, AttributeError) as error:  # a caller may have closed it
        raise UsageError("standard input cannot be read: give a query") from error


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (ValueError, AttributeError):  # closed
        return True


def _readable(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Casts columns of a type that DuckDB alone knows, such as the difference of two times, to text."""
    columns = zip(relation.columns, relation.types, strict=True)
    names = [name for name, kind in columns if not _FOR_DUCKDB_ALONE.isdisjoint(_kinds(kind))]
    quoted = [_quoted(name) for name in names]
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


def _heads(relation: duckdb.DuckDBPyRelation) -> list[tuple[str, str]]:
    """The name of each column, and the name with its type."""
    return [(name, f"{name} {kind!s}".lower()) for name, kind in zip(relation.columns, relation.types, strict=True)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _show(relation: duckdb.DuckDBPyRelation, most: int, *, is_expanded: bool, has_types: bool) -> None:
    rows = records(relation.limit(most + 1))
    heads = dict(_heads(relation)) if has_types else {}
    shown = [{heads.get(name, name): value for name, value in row.items()} for row in rows[:most]]
    if is_expanded:
        print_expanded(shown)
    else:
        print_wide_table(shown)
    if len(rows) > most:
        [(n_rows,)] = relation.count("*").fetchall()
        print(f"the first {most:,} of {how_many(n_rows, 'row')}; more with --limit N, all of them with -o FILE")
    elif not rows:
        print(f"no rows of the columns {', '.join(plain(heads.get(name, name)) for name in relation.columns)}")


def _at_least_one(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rows, 1 or more")
    return int(text)


def list_queries() -> None:
    """Prints the queries of sql/queries, each with its question."""
    print_table([{"query": path.stem, "question": _question(path)} for path in _queries()])


def query_names() -> list[str]:
    """The names of the queries of sql/queries."""
    return [path.stem for path in _queries()]


def named_query(name: str) -> str:
    """The text of a query of sql/queries. Raises UsageError for an unknown name."""
    files_by_name = {path.stem: path for path in _queries()}
    if name not in files_by_name:
        raise UsageError(f"no query {name!r}; there are: {', '.join(sorted(files_by_name))}")
    return _read(files_by_name[name])


def print_note(query: str) -> None:
    """Prints what a worked query says below its question, its caveats, on standard error: beside a table, never inside data."""
    head = takewhile(lambda line: line.startswith("--"), query.splitlines())
    note = " ".join(line.removeprefix("--").strip() for line in islice(head, 1, None))
    if note:
        width = shutil.get_terminal_size().columns if sys.stderr.isatty() else len(note) + len(_NOTE)
        sys.stdout.flush()
        print(textwrap.fill(_NOTE + note, width, break_on_hyphens=False), file=sys.stderr)


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
