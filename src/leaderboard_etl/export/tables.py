"""The article's tables: which query makes each, and how its cells are written so that bytes do not depend on the day.

A query of sql/exports also selects the rows that its table leaves out: their column `left_out` is a struct with the reason
and what else the manifest says of them, null for the rows that are shown. So no row is both shown and left out, or neither.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import Column, described
from leaderboard_etl.printable import csv_text, json_visible
from leaderboard_etl.settings import resource

_SIGNIFICANT = {"params_b": 4, "params_total_b": 4, "params_active_b": 4}
_DECIMALS = {"score_pct": 2, "score": 2, "lo_pct": 2, "hi_pct": 2, "closed_score_pct": 2, "open_score_pct": 2}
_OTHER_DECIMALS = 6
_LEFT_OUT = "left_out"
_OF_GROUP = re.compile(r"parquet/frontier_gap_(\w+)\.parquet")
_LICENSE = "license_id"
# A cell with one of these stands in quotes.
_QUOTED = re.compile('[,"\n\r]')
_RANGE = ("lo_pct", "median_pct", "hi_pct")


@dataclass(frozen=True)
class Export:
    """One table: `name` is its file name, the query is sql/exports/<query_stem>.sql (null: <stem>.sql); `plotted` columns are
    never blank; `key` columns name a row, and are never blank but where `has_blank_keys`. With a `group` it has only the rows of
    that comparable group. `is_grid`: a chart needs each model with every benchmark."""

    name: str
    plotted: tuple[str, ...]
    key: tuple[str, ...]
    has_blank_keys: bool = False
    group: str | None = None
    query_stem: str | None = None
    is_grid: bool = False

    @property
    def stem(self) -> str:
        return Path(self.name).stem

    @property
    def parquet_name(self) -> str:
        return f"parquet/{self.stem}.parquet"

    @property
    def query_file(self) -> Path:
        return resource("sql") / "exports" / f"{self.query_stem or self.stem}.sql"

    def describe(self) -> tuple[str, tuple[Column, ...]]:
        """What the table is, and its columns in order, as the header of its query says."""
        return described(self.query_file.read_text(encoding="utf-8"))


_FRONTIER = ("run_name", "release_year", "score_pct"), ("run_name", "release_year")
_MODEL = ("comparable_group", "model_id")
EXPORTS = (
    Export("model_scaling.csv", ("score_pct", "params_b", "openness"), _MODEL),
    Export(
        "model_scaling_fit.csv",
        ("openness", "params_b", "score_pct", "lo_pct", "hi_pct"),
        ("comparable_group", "openness", "form", "params_b"),
    ),
    Export(
        "model_scaling_coverage.csv",
        ("comparable_group", "openness", "n_scored", "n_sized"),
        ("comparable_group", "openness"),
    ),
    Export("model_scaling_unsized.csv", ("comparable_group", "openness", "score_pct"), _MODEL),
    Export("llm_benchmarks.json", ("benchmark", "model", "score"), ("benchmark", "model"), is_grid=True),
    Export("frontier_gap.csv", *_FRONTIER, group="mmlu_reported"),
    Export(
        "open_closed_lags.csv",
        ("benchmark", "estimator", "lag_days", "is_censored"),
        ("comparable_group", "estimator", "tolerance_pct", "threshold_pct", "closed_model", "open_model"),
        has_blank_keys=True,
    ),
    Export(
        "moe_efficiency.csv",
        ("params_total_b", "params_active_b", "score_pct", "inference_cost_relative"),
        ("model_id",),
    ),
    Export(
        "community_velocity.csv",
        ("run_name", "submission_year", "cumulative", "submissions"),
        ("leaderboard", "definition", "month"),
    ),
    Export("license_classes.csv", ("release_year", "license_class", "n_models"), ("release_year", "license_class")),
    Export("figure_notes.csv", ("subject", "foot"), ("subject",)),
    Export("claims.json", ("claim_id", "sentence", "verdict"), ("claim_id",)),
)


def frontiers(con: duckdb.DuckDBPyConnection) -> tuple[Export, ...]:
    """One more table like frontier_gap.csv for each headline group that has both sides."""
    groups = con.execute(
        """
        select comparable_group
        from core.comparable_groups
        join mart.gap_sides using (comparable_group)
        where is_headline and population = 'official' and compared_on is not null
        order by comparable_group
        """
    ).fetchall()
    return tuple(_frontier_of(group) for (group,) in groups)


def exports_among(files: Iterable[str]) -> list[Export]:
    """The tables of a snapshot with these files, in their order."""
    names = set(files)
    groups = sorted(found[1] for name in names if (found := _OF_GROUP.fullmatch(name)))
    return [export for export in (*EXPORTS, *map(_frontier_of, groups)) if export.parquet_name in names]


def _frontier_of(group: str) -> Export:
    return Export(f"frontier_gap_{group}.csv", *_FRONTIER, group=group, query_stem="frontier_gap")


@dataclass(frozen=True)
class Selection:
    """What the query of a table selects: the rows that it shows, in their order, the bytes of its CSV or JSON file, and what
    it leaves out and why."""

    shown: pl.DataFrame
    file: bytes
    left_out: list[dict[str, Any]]


def query(con: duckdb.DuckDBPyConnection, export: Export) -> Selection:
    """The rows of one table, with every number as `number` writes it, and what it leaves out: see `left_out`.

    Raises ValueError if a plotted cell is blank: charts would draw it at 0.
    """
    rows: pl.DataFrame = con.sql(export.query_file.read_text(encoding="utf-8")).pl()
    if export.group is not None:
        rows = rows.filter(comparable_group=export.group)
    frame = shown(rows)
    blank = [name for name in export.plotted if frame[name].null_count()]
    if blank:
        raise ValueError(f"{export.name}: blank cells in the plotted columns {', '.join(blank)}")
    frame = frame.with_columns(_rounded(column) for column in frame if column.dtype == pl.Float64)
    return Selection(frame, written(export, frame), left_out(rows))


def passed_on(export: Export, selection: Selection) -> Selection:
    """The same without scores whose source states no licence under which anyone may pass them on, and without the ranges of
    several scores; what it leaves out says so.

    A table without the column `license_id` has computed figures only, and stays. A model of a full grid goes with all its scores.
    """
    frame = selection.shown
    if _LICENSE not in frame.columns:
        return selection
    may_pass = pl.col(_LICENSE).is_not_null()
    if export.is_grid:
        may_pass = may_pass.all().over("model")
    kept, gone = frame.filter(may_pass), frame.filter(~may_pass)
    # The least and the greatest of several scores may be one that may not be passed on.
    ranges = [name for name in _RANGE if name in kept.columns]
    kept = kept.with_columns(
        pl.when(pl.col("n_values") <= 1).then(pl.col(name)).alias(name)
        if "n_values" in kept.columns
        else pl.lit(None, kept.schema[name]).alias(name)
        for name in ranges
    )
    counts = {"reason": "its source states no licence under which it may be passed on", "n": gone.height}
    return Selection(kept, written(export, kept), [*selection.left_out, *([counts] if gone.height else [])])


def shown(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that a table shows, of all rows that its query selects."""
    return rows.filter(pl.col(_LEFT_OUT).is_null()).drop(_LEFT_OUT) if _LEFT_OUT in rows.columns else rows


def left_out(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """What the table does not show: one dict per reason and what else the struct says, with n and the models it names.

    n counts rows, or adds up the struct's own n; `models` is there where the struct has a model_id that is not null.
    """
    if _LEFT_OUT not in rows.columns or rows[_LEFT_OUT].null_count() == rows.height:
        return []
    structs = rows[_LEFT_OUT].drop_nulls().struct.unnest()
    keys = [name for name in structs.columns if name not in ("n", "model_id")]
    counts = [pl.len().alias("n") if "n" not in structs.columns else pl.col("n").sum()]
    names = [pl.col("model_id").drop_nulls().sort().alias("models")] if "model_id" in structs.columns else []
    groups = structs.group_by(keys).agg(*counts, *names).sort(keys).to_dicts()
    return [{name: value for name, value in group.items() if value not in (None, [])} for group in groups]


def written(export: Export, frame: pl.DataFrame) -> bytes:
    """A frame as the bytes of its CSV or JSON file."""
    if export.name.endswith(".json"):
        return _json(frame)
    rows = zip(*(_csv_cells(column) for column in frame), strict=True)
    lines = [",".join(frame.columns), *map(",".join, rows)]
    return ("\n".join(lines) + "\n").encode("utf-8")


def parquet(frame: pl.DataFrame) -> bytes:
    """The same frame as Parquet, with text columns of the plain string type, which every reader knows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    plain = [field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field for field in table.schema]
    buffer = io.BytesIO()
    pq.write_table(table.cast(pa.schema(plain)).combine_chunks(), buffer, compression="zstd")
    return buffer.getvalue()


def number(name: str, value: float) -> str:
    """A number in the form of its column: scores with two decimals, sizes with four significant digits, others with six
    decimals, halves to even, without exponent or thousands separator."""
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}: not a number that a chart can draw")
    exact = Decimal(repr(value))
    if name in _SIGNIFICANT and value:
        exact = exact.quantize(Decimal(1).scaleb(exact.adjusted() - _SIGNIFICANT[name] + 1), ROUND_HALF_EVEN)
        return _short(format(exact, "f"))
    if name in _DECIMALS:
        return _unsigned_zero(format(exact.quantize(Decimal(1).scaleb(-_DECIMALS[name]), ROUND_HALF_EVEN), "f"))
    return _unsigned_zero(_short(format(exact.quantize(Decimal(1).scaleb(-_OTHER_DECIMALS), ROUND_HALF_EVEN), "f")))


def text(value: object) -> str:
    """A cell's text, which does nothing in a spreadsheet: see printable.csv_text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    return csv_text(str(value))


def _short(text: str) -> str:
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _unsigned_zero(text: str) -> str:
    return text.removeprefix("-") if not text.strip("-0.") else text


def _rounded(column: pl.Series) -> pl.Series:
    """The numbers of a column as `number` writes them."""
    values = column.to_list()
    rounded = {value: float(number(column.name, value)) for value in {*values} - {None}}
    return pl.Series(column.name, [rounded.get(value) for value in values], pl.Float64)


def _csv_cells(column: pl.Series) -> list[str]:
    """The cells of a column. Equal values, which are most of a table, are written once."""
    values = column.to_list()
    cells = {value: _csv_cell(column.name, value) for value in {*values}}
    return [cells[value] for value in values]


def _csv_cell(name: str, value: object) -> str:
    cell = number(name, value) if isinstance(value, float) else text(value)
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell


def _json(frame: pl.DataFrame) -> bytes:
    """A list of objects, one a line; numbers are numbers, text is text, dates are ISO 8601."""
    lines = []
    for row in frame.iter_rows(named=True):
        cells = (f"{json.dumps(name)}: {_json_cell(name, value)}" for name, value in row.items())
        lines.append("  {" + ", ".join(cells) + "}")
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode("utf-8")


def _json_cell(name: str, value: object) -> str:
    if isinstance(value, float):
        return number(name, value)
    return json_visible(
        json.dumps(value.isoformat() if isinstance(value, date | datetime) else value, ensure_ascii=False)
    )
