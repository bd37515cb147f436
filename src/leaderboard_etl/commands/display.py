"""Tables for a terminal and JSON for programs. Markup and control characters in data are shown as text and have no
effect."""

from __future__ import annotations

import io
import json
import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
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

# As many letters of a cell as a terminal shows beside others, and the head of what stands for left out columns.
_MOST_LETTERS = 60
_ELISION = "…"
# More letters than any row has.
_WIDTH_OF_PIPE = 1_000_000
_NULL = "NULL"

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


def print_table(rows: Sequence[Mapping[str, Any]], *, title: str | None = None, null: str = "") -> None:
    """Prints rows as a table that fits the terminal, with `null` in cells without a value; if there are no rows, prints only the
    title."""
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
        table.add_row(*(Text(null if value is None else plain(value)) for value in row.values()))
    # A pipe has no width: each row is one line there, for grep, without blanks behind it. Colours are off: only text is written.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH_OF_PIPE
    drawn = io.StringIO()
    Console(file=drawn, width=width, highlight=False, color_system=None).print(table)
    print("\n".join(line.rstrip() for line in drawn.getvalue().splitlines()))


def print_wide_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints rows of a query as a table, null as NULL. On a terminal that is too narrow long cells are cut, and columns in the
    middle are left out, with a line that says so."""
    if not rows or not sys.stdout.isatty():
        print_table(rows, null=_NULL)
        return
    short = [{name: cut(value) for name, value in row.items()} for row in rows]
    names = list(rows[0])
    widths = {name: max(len(plain(name)), len(_NULL), *(len(plain(row[name])) for row in short)) + 3 for name in names}
    room = shutil.get_terminal_size().columns
    if sum(widths.values()) > room:  # what is NULL in every row is the first to be left out
        telling = [name for name in names if any(row[name] is not None for row in rows)] or names
    else:
        telling = names
    kept = _that_fit(telling, widths, room)
    left_out = [name for name in names if name not in kept]
    print_table([{name: "…" if name == _ELISION else row[name] for name in kept} for row in short], null=_NULL)
    if left_out:
        print(f"{len(left_out)} of {len(names)} columns are left out: {', '.join(map(plain, left_out))}; -x shows all")


def print_expanded(rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints rows with one column per line, null as NULL."""
    for number, row in enumerate(rows, 1):
        width = max(len(plain(name)) for name in row)
        print(f"row {number}")
        for name, value in row.items():
            print(f"  {plain(name).ljust(width)}  {_NULL if value is None else plain(value)}")


def cut(value: object) -> object:
    """The value, or the beginning of its text where that is too long to stand beside others."""
    text = plain(value)
    return value if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"


def _that_fit(names: Sequence[str], widths: Mapping[str, int], room: int) -> list[str]:
    """The columns that fit side by side, with an elision where some in the middle are left out."""
    if sum(widths[name] for name in names) <= room:
        return list(names)
    room -= len(_ELISION) + 3
    head: list[str] = []
    tail: list[str] = []
    waiting = list(names)
    while waiting:
        takes_first = len(head) <= len(tail)
        name = waiting[0] if takes_first else waiting[-1]
        if widths[name] > room and head:
            break
        room -= widths[name]
        waiting.remove(name)
        (head if takes_first else tail).append(name)
    return [*head, _ELISION, *reversed(tail)]


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
    """A value as JSON on one line: dates and similar values as text, numbers that JSON does not have as `NaN`, `Infinity` or
    `-Infinity` in quotation marks."""
    return json_visible(json.dumps(_of_json(value), ensure_ascii=False, default=str))


def print_json(value: object) -> None:
    """Prints a value as indented JSON, with values as as_json_text has them."""
    print(json_visible(json.dumps(_of_json(value), ensure_ascii=False, indent=2, default=str)))


def _of_json(value: Any) -> Any:
    """The value with text in place of numbers that JSON does not have, which are not null, and numbers in place of decimals."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): _of_json(item) for key, item in value.items()}
    return [_of_json(item) for item in value] if isinstance(value, list | tuple) else value
