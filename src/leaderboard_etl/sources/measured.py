"""Subtask scores without repetition: what a file says of its run, what a task and its metric say, and the numbers themselves.

A result file holds a hundred numbers. Written out as rows of history.subtask_scores, each of them would repeat some twenty texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema

RUN_COLUMNS = tuple(frame_schema("history.runs", without=("run_key",)))
METRIC_COLUMNS = tuple(frame_schema("history.metrics", without=("metric_key",)))
_VALUES = ("run_no", "metric_no", "score_raw", "stderr_raw")
_WIDE = tuple(
    frame_schema("history.subtask_scores", without=("load_id", "closed_load_id", "valid_from", "valid_to")),
)


class Measured(NamedTuple):
    """`values` has score_raw, stderr_raw, and the row numbers run_no and metric_no in `runs` and `metrics`, which have the
    columns of history.runs and history.metrics without keys, each row once."""

    runs: pl.DataFrame
    metrics: pl.DataFrame
    values: pl.DataFrame

    @property
    def height(self) -> int:
        return self.values.height

    def wide(self) -> pl.DataFrame:
        """The values as rows of history.subtask_scores without validity, in their order."""
        run, metric, *numbers = (self.values[name] for name in _VALUES)
        return pl.concat([self.runs[run], self.metrics[metric], pl.DataFrame(numbers)], how="horizontal").select(_WIDE)


def narrow(rows: pl.DataFrame) -> Measured:
    """Rows of history.subtask_scores without validity, in the same order."""
    runs, run_no = numbered(rows, RUN_COLUMNS)
    metrics, metric_no = numbered(rows, METRIC_COLUMNS)
    return Measured(runs, metrics, rows.select(run_no.alias("run_no"), metric_no.alias("metric_no"), *_VALUES[2:]))


def joined(parts: Sequence[Measured]) -> Measured:
    """Several as one."""
    return parts[0] if len(parts) == 1 else narrow(pl.concat([part.wide() for part in parts]))


def numbered(rows: pl.DataFrame, columns: Sequence[str]) -> tuple[pl.DataFrame, pl.Series]:
    """The distinct rows in these columns, by first occurrence, and for each row the number of its own."""
    distinct = rows.select(columns).unique(maintain_order=True)
    if distinct.height == rows.height:
        return distinct, pl.int_range(rows.height, dtype=pl.UInt32, eager=True)
    numbered = distinct.with_row_index("number")
    number = rows.select(columns).join(numbered, on=columns, how="left", nulls_equal=True, maintain_order="left")
    return distinct, number["number"]
