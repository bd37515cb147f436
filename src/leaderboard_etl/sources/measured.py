"""Subtask scores without repetition: what a file says of its run, what a task and its metric say, and the numbers themselves.

A result file holds a hundred numbers. Written out as rows of history.subtask_scores, each of them would repeat some twenty texts.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema

RUN_COLUMNS = tuple(frame_schema("history.runs", without=("run_key",)))
METRIC_COLUMNS = tuple(frame_schema("history.metrics", without=("metric_key",)))


class Measured(NamedTuple):
    """`values` has score_raw, stderr_raw, and the row numbers run_no and metric_no in `runs` and `metrics`, which have the
    columns of history.runs and history.metrics without keys, each row once."""

    runs: pl.DataFrame
    metrics: pl.DataFrame
    values: pl.DataFrame


def narrow(rows: pl.DataFrame) -> Measured:
    """Rows of history.subtask_scores without validity, in the same order."""
    runs, run = _numbered(rows, RUN_COLUMNS)
    metrics, metric = _numbered(rows, METRIC_COLUMNS)
    return Measured(
        runs, metrics, rows.select(run.alias("run_no"), metric.alias("metric_no"), "score_raw", "stderr_raw")
    )


def _numbered(rows: pl.DataFrame, columns: tuple[str, ...]) -> tuple[pl.DataFrame, pl.Series]:
    """The distinct rows in these columns, by first occurrence, and for each row the number of its own."""
    distinct = rows.select(columns).unique(maintain_order=True)
    numbered = distinct.with_row_index("number")
    number = rows.select(columns).join(numbered, on=columns, how="left", nulls_equal=True, maintain_order="left")
    return distinct, number["number"]
