"""A leaderboard as an example: what it measures, of which models, since when, and how often it changes.

One row of results.csv is one model; accuracies are fractions. Say here what a reader must know of the files.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, SourceFile, concat, parsed_frame
from leaderboard_etl.sources.description import Source, Work
from leaderboard_etl.sources.shared.csv_table import read_csv_table, split_numbers

SOURCE_ID = "template"
_PATH = "results.csv"
_HEADER = frozenset({"model", "accuracy", "license"})
# A row of policy/benchmarks.csv: one benchmark by the protocol of one publisher.
_VARIANT = "mmlu_pro_reported"


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every row of the table. Raises SourceError for bytes that are not CSV, ContractError for other columns."""
    return concat([_parse_file(file) for file in files])


def _parse_file(file: SourceFile) -> Parsed:
    table = read_csv_table(SOURCE_ID, file, [_HEADER])
    rows = table.rows.with_columns(pl.col("model").alias("source_name"))
    published, unread = split_numbers(rows, "accuracy", "scores")
    return Parsed(
        scores=_scores(published),
        models=_models(rows),
        quarantine=pl.concat([table.refused, unread]),
        source_rows=table.n_rows,
    )


def _scores(rows: pl.DataFrame) -> pl.DataFrame:
    return parsed_frame(
        "scores",
        rows.with_columns(
            pl.lit(_VARIANT).alias("variant_id"),
            pl.lit("fraction").alias("score_unit"),
            pl.lit("leaderboard").alias("reported_by"),
            pl.lit(True).alias("is_verified"),
        ),
    )


def _models(rows: pl.DataFrame) -> pl.DataFrame:
    return parsed_frame(
        "models",
        rows.with_columns(
            pl.col("model").alias("hub_id"),
            pl.col("license").alias("license_text"),
            pl.format("row {}", "row").alias("locator"),
        ),
    )


SOURCE = Source(
    source_id=SOURCE_ID,
    title="A leaderboard as an example",
    repo_type="dataset",
    repo_id="org/template",
    wants=lambda path: path == _PATH,
    parse=parse,
    reported_by=("leaderboard",),
    variants=(_VARIANT,),
    left_out="nothing",
    left_out_because="the example has three columns",
    works=(
        Work(
            "Authors, Title (year), place",
            "licence of the data, or `not stated by the dataset`",
            "https://huggingface.co/datasets/org/template",
        ),
    ),
)
