"""The article's files: which query makes each, and how its cells are written so that bytes do not depend on the day."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import duckdb
import polars as pl

from leaderboard_etl.settings import resource

_FORMULA = re.compile(r"^[=+\-@\t\r]")
_SIGNIFICANT = {"params_b": 4, "params_total_b": 4, "params_active_b": 4}
_DECIMALS = {"score_pct": 2, "score": 2}
_OTHER_DECIMALS = 6


@dataclass(frozen=True)
class Export:
    """One file: `name` is its file name, the query is sql/exports/<stem>.sql; `plotted` columns are never blank."""

    name: str
    plotted: tuple[str, ...]

    @property
    def query_file(self) -> Path:
        return resource("sql") / "exports" / f"{Path(self.name).stem}.sql"


EXPORTS = (
    Export("model_scaling.csv", ("score_pct", "params_b", "openness")),
    Export("frontier_gap.csv", ("run_name", "release_year", "score_pct")),
    Export("moe_efficiency.csv", ("params_total_b", "params_active_b", "score_pct")),
    Export("llm_benchmarks.json", ("benchmark", "model", "score")),
)


def query(con: duckdb.DuckDBPyConnection, export: Export) -> pl.DataFrame:
    """The rows of one file, in their order."""
    frame: pl.DataFrame = con.sql(export.query_file.read_text(encoding="utf-8")).pl()
    return frame


def written(export: Export, frame: pl.DataFrame) -> bytes:
    """A frame as the bytes of its file. Raises ValueError if a plotted cell is blank: charts would draw it at 0."""
    blank = [name for name in export.plotted if frame[name].null_count()]
    if blank:
        raise ValueError(f"{export.name}: blank cells in the plotted columns {', '.join(blank)}")
    if export.name.endswith(".json"):
        return _json(frame)
    lines = [",".join(frame.columns)]
    for row in frame.iter_rows():
        lines.append(",".join(_csv_cell(name, value) for name, value in zip(frame.columns, row, strict=True)))
    return ("\n".join(lines) + "\n").encode("utf-8")


def number(name: str, value: float) -> str:
    """A number as its column writes it: scores with two decimals, sizes with four significant digits, others with six
    decimals, halves to even; no exponent, no thousands separator."""
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}: not a number that a chart can draw")
    exact = Decimal(repr(value))
    if name in _SIGNIFICANT and value:
        exact = exact.quantize(Decimal(1).scaleb(exact.adjusted() - _SIGNIFICANT[name] + 1), ROUND_HALF_EVEN)
        text = format(exact, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if name in _DECIMALS:
        return format(exact.quantize(Decimal(1).scaleb(-_DECIMALS[name]), ROUND_HALF_EVEN), "f")
    text = format(exact.quantize(Decimal(1).scaleb(-_OTHER_DECIMALS), ROUND_HALF_EVEN), "f")
    return text.rstrip("0").rstrip(".") or "0"


def text(value: object) -> str:
    """A cell's text; what a spreadsheet would run as a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    shown = str(value)
    return f"'{shown}" if isinstance(value, str) and _FORMULA.match(shown) else shown


def _csv_cell(name: str, value: object) -> str:
    shown = number(name, value) if isinstance(value, float) else text(value)
    if any(c in shown for c in ',"\n\r'):
        return '"' + shown.replace('"', '""') + '"'
    return shown


def _json(frame: pl.DataFrame) -> bytes:
    """A list of objects, one a line; numbers are numbers, text is text."""
    lines = []
    for row in frame.iter_rows(named=True):
        cells = (
            f"{json.dumps(name)}: {number(name, value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)}"
            for name, value in row.items()
        )
        lines.append("  {" + ", ".join(cells) + "}")
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode("utf-8")
