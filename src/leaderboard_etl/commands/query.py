"""`sql`: ad-hoc questions to the published warehouse, now or as of a day."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from leaderboard_etl.commands.display import as_json_text, print_json, print_table, records
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import Warehouse, resource

if TYPE_CHECKING:
    import duckdb
    import polars as pl

_SHOWN_ROWS = 100


def sql(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Runs one query read-only and prints or writes its rows. Raises UsageError for a query that DuckDB refuses."""
    import duckdb

    from leaderboard_etl.warehouse.database import first_line, open_published

    if options.list:
        print_table([{"query": path.stem, "question": _question(path)} for path in _queries()])
        return 0
    query = _query_text(options)
    with open_published(warehouse.database, as_of=options.as_of) as con:
        try:
            relation = con.sql(query)
            if relation is None:
                return 0
            return _write(_without_intervals(relation), options.format, options.output)
        except duckdb.Error as error:
            raise UsageError(f"DuckDB refuses the query: {first_line(error)}") from error


def _query_text(options: argparse.Namespace) -> str:
    given = [text for text in (options.query, options.file, options.named) if text is not None]
    if len(given) != 1:
        raise UsageError(
            'give one query: as text, with -f FILE, or with -q NAME (see --list); e.g. "from mart.coverage"'
        )
    if options.file is not None:
        return _read(options.file)
    if options.named is not None:
        named = {path.stem: path for path in _queries()}
        if options.named not in named:
            raise UsageError(f"no query {options.named!r}; there are: {', '.join(sorted(named))}")
        return _read(named[options.named])
    return sys.stdin.read() if options.query == "-" else str(options.query)


def _without_intervals(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Intervals, as one time less another is, as text: frames have no type for months, days and seconds at once."""
    found = [name for name, kind in zip(relation.columns, relation.types, strict=True) if kind.id == "interval"]
    quoted = ['"' + name.replace('"', '""') + '"' for name in found]
    return (
        relation.select(f"* replace ({', '.join(f'{name}::varchar as {name}' for name in quoted)})")
        if quoted
        else relation
    )


def _write(relation: duckdb.DuckDBPyRelation, form: str, output: Path | None) -> int:
    if form == "parquet":
        if output is None:
            raise UsageError("--format parquet needs -o FILE: it is not text")
        relation.pl().write_parquet(output)
    elif form == "csv":
        _emit(_flat(relation.pl()).write_csv(), output)
    elif output is not None:
        _emit(relation.pl().write_json(), output)
    elif form == "json":
        print_json(records(relation))
    else:
        rows = records(relation.limit(_SHOWN_ROWS + 1))
        print_table(rows[:_SHOWN_ROWS])
        if len(rows) > _SHOWN_ROWS:
            print(f"the first {_SHOWN_ROWS} rows; all of them with --format csv or -o FILE")
        elif not rows:
            print("no rows")
    if output is not None:
        print(f"wrote {output}", file=sys.stderr)
    return 0


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with lists and structures as JSON text, for a cell of a CSV holds nothing else."""
    from polars import Series, String

    nested = [column for column in frame if column.dtype.is_nested()]
    return frame.with_columns(
        Series(
            column.name, [None if value is None else as_json_text(value) for value in column.to_list()], dtype=String
        )
        for column in nested
    )


def _emit(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8", newline="\n")


def _queries() -> list[Path]:
    return sorted((resource("sql") / "queries").glob("*.sql"))


def _question(path: Path) -> str:
    first = _read(path).splitlines()[0]
    return first.removeprefix("--").strip()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
