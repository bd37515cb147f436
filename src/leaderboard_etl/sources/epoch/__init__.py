"""Epoch AI's own runs of benchmarks: policy/epoch_runs.csv of this project, which an importer writes from its published tables.

One evaluator and one protocol for open and proprietary models, each run with its log, its setting and its day. Names are Epoch
AI's own; policy/model_aliases.csv says which model each means.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, SourceFile, concat, parsed_frame
from leaderboard_etl.sources.description import Source, Work
from leaderboard_etl.sources.shared.csv_table import read_csv_table, split_numbers
from leaderboard_etl.sources.shared.settings import NO_SETTING

SOURCE_ID = "epoch"
TABLE = "epoch_runs"
VARIANTS = ("gpqa_diamond_epoch", "math_lvl5_epoch")
_HEADER = frozenset(
    ("run_id", "variant_id", "source_name", "setting", "score_raw", "stderr_raw", "evaluated_on", "source_url")
)


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every run. Raises SourceError for bytes that are not CSV, ContractError for other columns."""
    return concat([_parse_file(file) for file in files]) if files else Parsed()


def _parse_file(file: SourceFile) -> Parsed:
    table = read_csv_table(SOURCE_ID, file, [_HEADER])
    rows = table.rows.rename({"score_raw": "mean_score"})
    published, unread = split_numbers(rows, "mean_score", "scores")
    scores = published.with_columns(
        pl.col("setting").fill_null(NO_SETTING),
        pl.lit("fraction").alias("score_unit"),
        pl.col("stderr_raw").cast(pl.Float64, strict=False),
        pl.col("evaluated_on").str.to_date("%Y-%m-%d", strict=False),
        pl.lit("third_party").alias("reported_by"),
        pl.lit(True).alias("is_verified"),
        pl.lit("Epoch AI's own run").alias("protocol"),
    )
    return Parsed(
        scores=parsed_frame("scores", scores),
        quarantine=pl.concat([table.refused, unread]),
        source_rows=table.n_rows,
    )


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Epoch AI's own runs: GPQA Diamond and MATH level 5 of open and proprietary models under one protocol",
    repo_type="project",
    wants=lambda path: path == f"{TABLE}.csv",
    parse=parse,
    names="coined",
    reported_by=("third_party",),
    variants=VARIANTS,
    is_braked=False,
    left_out="benchmarks that the project does not know; tables of what others measured (`*_external.csv`)",
    left_out_because="figures of others would count as measurements by Epoch AI",
    works=(
        Work(
            "Epoch AI, ‘Data on AI Benchmarking’. Published online at epoch.ai (edition of March 2026)",
            "CC-BY-4.0",
            "https://epoch.ai/benchmarks",
            "CC-BY-4.0",
        ),
    ),
)
