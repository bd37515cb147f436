"""The brake: holds back a table that lost more than a tenth of its rows, or whose median moved by a factor of about a
hundred, until a person accepts it. Any other change within the contract is loaded as news."""

from __future__ import annotations

import polars as pl

from leaderboard_etl.raw.ledger import Drift

MOST_VANISHED = 0.10
MOST_FACTOR = 100.0
_FEW = 20
# The columns of scores that are compared.
COLUMNS = ("source_name", "precision", "variant_id", "score_raw", "score_unit")


def as_scores(ratings: pl.DataFrame) -> pl.DataFrame:
    """Ratings (source_name, board, rating, path) as the brake compares them, with their path."""
    return ratings.select(
        "source_name",
        pl.lit("n/a").alias("precision"),
        pl.col("board").alias("variant_id"),
        pl.col("rating").alias("score_raw"),
        pl.lit("rating").alias("score_unit"),
        "path",
    )


def brake(source_id: str, before: pl.DataFrame, after: pl.DataFrame) -> list[Drift]:
    """Reasons to keep a source at its last good state; empty if there are none.

    `before` holds the source's published scores and ratings and `after` the newly read ones, both with COLUMNS.
    """
    if before.height < _FEW:
        return []
    return [*_vanished(source_id, before, after), *_magnitude(source_id, before, after)]


def _vanished(source_id: str, before: pl.DataFrame, after: pl.DataFrame) -> list[Drift]:
    key = ["source_name", "precision", "variant_id"]
    n_gone = before.join(after, on=key, how="anti").height
    if n_gone <= MOST_VANISHED * before.height:
        return []
    message = (
        f"{n_gone} of {before.height} scores vanished, more than {MOST_VANISHED:.0%}: kept the last good state; if this is"
        " meant, let it in with --accept"
    )
    return [Drift(source_id, "rows_vanished", "scores", message, is_held=True)]


def _magnitude(source_id: str, before: pl.DataFrame, after: pl.DataFrame) -> list[Drift]:
    medians = (
        before.group_by("variant_id", "score_unit")
        .agg(pl.col("score_raw").median().alias("was"))
        .join(
            after.group_by("variant_id", "score_unit").agg(pl.col("score_raw").median().alias("is")),
            on=["variant_id", "score_unit"],
        )
        .filter((pl.col("was") > 0) & (pl.col("is") > 0))
        .with_columns((pl.col("is") / pl.col("was")).alias("factor"))
        # A change from fractions to percent moves the median by about a hundred; new rows move it a little further.
        .filter((pl.col("factor") > MOST_FACTOR / 2) | (pl.col("factor") < 2 / MOST_FACTOR))
        .sort("variant_id")
    )
    return [
        Drift(
            source_id,
            "magnitude",
            row["variant_id"],
            f"the median of {row['variant_id']} went from {row['was']:.4g} to {row['is']:.4g}: another unit? Kept the"
            " last good state; if this is meant, let it in with --accept",
            is_held=True,
        )
        for row in medians.iter_rows(named=True)
    ]
