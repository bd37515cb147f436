"""Judgement as data: the CSV files of this folder, each row with the link that supports it.

A load keeps the texts that it was made with, so that the rules of its day judge a past state.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cached_property, lru_cache

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.errors import PolicyError
from leaderboard_etl.settings import POLICY

REFERENCE_FILES = ("reference_models", "reference_scores")
_TABLES = {
    "benchmarks": "core.benchmarks",
    "comparable_groups": "core.comparable_groups",
    "rules": "core.rules",
    "rating_series": "core.rating_series",
}


class Policy:
    """The policy tables of one load, by file name without .csv."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self.texts = dict(texts)
        self._frames: dict[str, pl.DataFrame] = {}

    def frame(self, name: str, *, younger: tuple[str, ...] = (), added: tuple[str, ...] = ()) -> pl.DataFrame:
        """One policy table. Blank cells are null. Columns are text, except in tables that the warehouse keeps as they are,
        which have its types. A load may be older than a table: with the table's columns in `younger` it is then empty. Or it
        may be older than some columns: those of `added` are then null.
        Raises PolicyError if the file is absent or does not fit."""
        if younger and name not in self.texts:
            return pl.DataFrame(schema=dict.fromkeys(younger, pl.String))
        if name not in self._frames:
            self._frames[name] = self._read(name)
        frame = self._frames[name]
        absent = [column for column in added if column not in frame.columns]
        return frame.with_columns(pl.lit(None, pl.String).alias(column) for column in absent) if absent else frame

    @cached_property
    def benchmarks(self) -> pl.DataFrame:
        """Benchmark variants: columns of core.benchmarks."""
        return self.frame("benchmarks")

    def text_frame(self, name: str) -> pl.DataFrame:
        """One policy table as it is written: every cell a text without outer blanks, or null if blank.

        Raises PolicyError if the file is absent or is not a CSV table."""
        if name not in self.texts:
            raise PolicyError(f"policy/{name}.csv is missing: the pipeline needs it; restore it")
        return _text_frame(name, self.texts[name])

    def _read(self, name: str) -> pl.DataFrame:
        frame = self.text_frame(name)
        table = _TABLES.get(name)
        return frame if table is None else _typed(frame, table, name)


def read_policy() -> Policy:
    """The policy of this version of the project, from its CSV files."""
    return Policy({path.stem: path.read_bytes() for path in sorted(POLICY.glob("*.csv"))})


# Each step of a night reads policy anew, mostly the same texts.
@lru_cache(maxsize=64)
def _text_frame(name: str, text: bytes) -> pl.DataFrame:
    try:
        frame = pl.read_csv(io.BytesIO(text), infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise PolicyError(f"policy/{name}.csv is not a CSV table: {error}") from error
    return frame.with_columns(pl.all().str.strip_chars().replace("", None))


def _typed(frame: pl.DataFrame, table: str, name: str) -> pl.DataFrame:
    wanted = frame_schema(table)
    absent = [column for column in wanted if column not in frame.columns]
    if absent:
        raise PolicyError(f"policy/{name}.csv lacks the columns {', '.join(absent)}")
    casts = [
        pl.col(column) == "true"
        if isinstance(dtype, pl.Boolean)
        else pl.col(column).cast(dtype)
        if not isinstance(dtype, pl.Date)
        else pl.col(column).str.to_date("%Y-%m-%d")
        for column, dtype in wanted.items()
    ]
    try:
        return frame.select(casts)
    except pl.exceptions.PolarsError as error:
        raise PolicyError(f"policy/{name}.csv: a cell does not have the type of its column: {error}") from error
