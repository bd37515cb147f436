"""Leaderboard tables published as CSV text: bytes to text cells, with every row kept or refused and none lost."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from leaderboard_etl.errors import ContractError, SourceError
from leaderboard_etl.sources.base import SourceFile, parsed_frame, place_columns, refused_rows
from leaderboard_etl.sources.shared.values import is_lfs_pointer

_MISSING = ("", "-", "N/A")
MOST_BILLIONS = 9e9  # the column params is a 64-bit integer
_HUB_LINK = (
    r"^https?://(?:www\.)?huggingface\.co/([A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95})"
    r"/?(?:(?:tree|blob)/.*|[?#].*)?$"
)
_NO_OWNERS = r"^(?:datasets|spaces|collections|papers|blog|docs|models|organizations)/"
# Three digits after a comma may be thousands, unless only a zero precedes it.
_DECIMAL_COMMA = r"^(?P<whole>[+-]?[0-9]{1,15}),(?P<part>[0-9]{1,2})$"
_FRACTION_COMMA = r"^(?P<whole>[+-]?0),(?P<part>[0-9]{1,20})$"
_NUMBER = r"^[+-]?[0-9]{1,15}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$"


@dataclass(frozen=True)
class CsvTable:
    """One file. `rows` has `row` (its number in the file, from 0), the published columns as stripped text (null where
    the cell is empty, '-' or 'N/A'), source_id and provenance; a row that repeats all cells of an earlier one is left
    out. `refused` is a parsed quarantine frame of the rows that cannot be read; `n_rows` counts all."""

    rows: pl.DataFrame
    refused: pl.DataFrame
    n_rows: int


def read_csv_table(source_id: str, file: SourceFile, headers: Collection[frozenset[str]]) -> CsvTable:
    """A landed CSV whose columns, in any order, are exactly one of `headers`.

    Raises SourceError for bytes that are not a CSV, ContractError for any other columns. A row with another number of
    cells than the header, with a line break inside a cell, or with bytes that are not UTF-8 is refused.
    """
    header, records = _records(file)
    if len(set(header)) != len(header) or frozenset(header) not in headers:
        raise ContractError(_unlike(file, header, headers))
    good: list[list[str | int | None]] = []
    bad: list[tuple[str, str, str, str]] = []
    for number, cells in enumerate(records):
        problem = _problem(cells, len(header))
        if problem is None:
            good.append([number, *(None if cell.strip() in _MISSING else cell.strip() for cell in cells)])
        else:
            bad.append((*problem, ",".join(cells)[:500], f"row {number}"))
    source = [pl.lit(source_id).alias("source_id"), *place_columns(file.version)]
    refused = pl.DataFrame(bad, schema=["rule", "reason", "offending_text", "locator"], orient="row")
    refused = parsed_frame("quarantine", refused.with_columns(*source, pl.lit("models").alias("target")))
    schema: dict[str, type[pl.DataType]] = {"row": pl.Int64, **dict.fromkeys(header, pl.String)}
    rows = pl.DataFrame(good, schema=schema, orient="row")
    rows = rows.unique(header, keep="first", maintain_order=True)
    return CsvTable(rows.with_columns(source), refused, len(records))


def split_numbers(
    rows: pl.DataFrame, column: str, target: str, within: tuple[float, float] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows whose cell is a number, with it as `score_raw` and with its `locator`; and, as a parsed quarantine
    frame, those whose cell is something else or not `within` the bounds. Rows with a null cell are in neither."""
    cell = pl.col(column)
    locator = pl.format("row {}, {}", "row", pl.lit(column)).alias("locator")
    plain = cell
    for comma in (_DECIMAL_COMMA, _FRACTION_COMMA):
        plain = plain.str.replace(comma, "${whole}.${part}")
    filled = rows.filter(cell.is_not_null()).with_columns(
        pl.when(plain.str.contains(_NUMBER)).then(plain).cast(pl.Float64, strict=False).alias("score_raw"), locator
    )
    value = pl.col("score_raw")
    holds = value.is_finite() if within is None else value.is_between(*within)
    reason = (
        "the cell is not a number" if within is None else f"the cell is not a number from {within[0]} to {within[1]}"
    )
    rule = "score_raw|number" if within is None else "score_raw|range"
    bad = filled.filter(~holds.fill_null(False))
    return filled.filter(holds.fill_null(False)), refused_rows(bad, target, rule=rule, reason=reason, text=cell)


def sizes_in_billions(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """One statement of the total per row; if the cell is not a positive number, params is null and the reason says what the
    cell held."""
    cell = pl.col(column)
    billions = cell.cast(pl.Float64, strict=False)
    is_size = ((billions > 0) & (billions < MOST_BILLIONS)).fill_null(False)
    return parsed_frame(
        "parameter_claims",
        rows.with_columns(
            pl.lit("total").alias("kind"),
            pl.lit("leaderboard").alias("method"),
            pl.when(is_size).then((billions * 1e9).round()).cast(pl.Int64, strict=False).alias("params"),
            pl.when(~is_size)
            .then(pl.format("the table says {}", cell.fill_null("nothing").str.slice(0, 100)))
            .alias("reason"),
            pl.format("row {}, {}", "row", pl.lit(column)).alias("locator"),
        ),
    )


def linked_repository(link: pl.Expr) -> pl.Expr:
    """The model repository of the Hub that a link leads to; null for any other link."""
    repository = link.str.strip_chars().str.extract(_HUB_LINK, 1)
    return pl.when(~repository.str.contains(_NO_OWNERS)).then(repository)


def _records(file: SourceFile) -> tuple[list[str], list[list[str]]]:
    if is_lfs_pointer(file.content):
        raise SourceError(
            f"{file.where} is a git-LFS pointer instead of the table: its content was never uploaded; the last good one"
            " stays in force"
        )
    text = file.content.decode("utf-8-sig", "replace")
    try:
        # Without strict, an unclosed quote would swallow every row after it.
        records = [cells for cells in csv.reader(io.StringIO(text, newline=""), strict=True) if cells]
    except csv.Error as error:
        raise SourceError(f"{file.where} is not a CSV table: {error}; the last good one stays in force") from error
    if not records:
        return [], []
    return [name.strip() for name in records[0]], records[1:]


def _problem(cells: list[str], n_columns: int) -> tuple[str, str] | None:
    if len(cells) != n_columns:
        return "row|width", f"the row has {len(cells)} cells and the header {n_columns}"
    if any("\n" in cell or "\r" in cell for cell in cells):
        return "row|line_break", "a cell holds a line break: a quote that was not closed may have joined rows"
    if any("\ufffd" in cell for cell in cells):
        return "row|encoding", "the row holds bytes that are not UTF-8"
    return None


def _unlike(file: SourceFile, header: list[str], headers: Collection[frozenset[str]]) -> str:
    nearest = min(headers, key=lambda columns: (len(columns ^ set(header)), sorted(columns)))
    absent, extra = sorted(nearest - set(header)), sorted(set(header) - nearest)
    twice = sorted(name for name, times in Counter(header).items() if times > 1)
    differences = [
        f"{what} {', '.join(repr(name[:80]) for name in names[:20])}"
        for what, names in (("it lacks", absent), ("it also has", extra), ("it repeats", twice))
        if names
    ]
    return (
        f"{file.where}: its columns match no known era; compared with the nearest, {'; '.join(differences)}."
        " It would be misread, so it is not loaded: add its header to the source"
    )
