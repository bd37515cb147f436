"""Tables for a terminal and JSON for programs. Markup and control characters in data are shown as text and have no
effect."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leaderboard_etl.errors import UsageError
from leaderboard_etl.printable import json_visible, one_line

if TYPE_CHECKING:
    import duckdb
    import polars as pl

_PLAIN_TYPES = frozenset(
    {
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "hugeint",
        "float",
        "double",
        "varchar",
        "date",
        "timestamp",
    }
)

# Days since 1970 of the first day of the year 1 and the last of the year 9999, and how Polars counts.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_PER_DAY = {None: 1, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def plain(value: object) -> str:
    """A value as one line of printable text; null becomes an empty cell."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return one_line(str(value))


def records(relation: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    """The rows of a query as Python values. Polars, which is slow to import, is used only if column types or repeated
    names need it."""
    is_plain = all(kind.id in _PLAIN_TYPES for kind in relation.types)
    if is_plain and len(set(relation.columns)) == len(relation.columns):
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    rows: list[dict[str, Any]] = of_this_calendar(relation.pl()).to_dicts()
    return rows


def of_this_calendar(frame: pl.DataFrame) -> pl.DataFrame:
    """The same frame. Raises UsageError for a date or time outside the years 1 to 9999, infinity included: no writer of text
    knows one, and Polars ends in a panic."""
    import polars as pl

    for column in frame.select(pl.selectors.date() | pl.selectors.datetime()):
        days = column.to_physical() // _PER_DAY[getattr(column.dtype, "time_unit", None)]
        if not days.is_between(_FIRST_DAY, _LAST_DAY).all():
            raise beyond_the_calendar(column.name)
    return frame


def beyond_the_calendar(column: str) -> UsageError:
    """The error for a date or time that no writer of text knows."""
    return UsageError(
        f"column {column!r} holds a date outside the years 1 to 9999, which text cannot hold: query it as"
        " ::varchar, or with --format parquet"
    )


def print_table(rows: Sequence[Mapping[str, Any]], *, title: str | None = None) -> None:
    """Prints rows as a table that fits the terminal; if there are no rows, prints only the title."""
    if title:
        print(title)
    if not rows:
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in rows[0]:
        is_number = all(isinstance(row[name], int | float | None) and not isinstance(row[name], bool) for row in rows)
        table.add_column(Text(plain(name)), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(value)) for value in row.values()))
    # A pipe has no width; a large one keeps each row on one line, for grep. Colours are off so that only text is written.
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200, highlight=False, color_system=None)
    console.print(table)


def print_records(rows: Sequence[Mapping[str, Any]], *, title: str | None = None, below: Sequence[str] = ()) -> None:
    """Prints rows in columns; the keys in `below` are too long for a column and are printed on lines of their own under
    each row."""
    if title:
        print(f"\n{title}")
    names = [name for name in rows[0] if name not in below] if rows else []
    cells = [[plain(row[name]) for name in names] for row in rows]
    is_number = [all(isinstance(row[name], int | float | None) for row in rows) for name in names]
    heads = [plain(name) for name in names]
    widths = [max(len(line[column]) for line in (*cells, heads)) for column in range(len(names))]

    def print_line(values: Sequence[str]) -> None:
        parts = [
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, is_number, strict=True)
        ]
        print(f"  {'  '.join(parts)}".rstrip())

    print_line(heads)
    for row, line in zip(rows, cells, strict=True):
        print_line(line)
        for name in below:
            if row[name] is not None:
                print(f"        {plain(row[name])}")


def as_json_text(value: object) -> str:
    """A value as JSON on one line: dates and similar values as text, non-finite numbers as null."""
    return json_visible(json.dumps(_finite(value), ensure_ascii=False, default=str))


def print_json(value: object) -> None:
    """Prints a value as indented JSON: dates and similar values as text, non-finite numbers as null."""
    print(json_visible(json.dumps(_finite(value), ensure_ascii=False, indent=2, default=str)))


def _finite(value: Any) -> Any:
    """The value with null in place of non-finite numbers, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
