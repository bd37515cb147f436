"""Refuses the scores of trial runs, which asked a hundred questions a task, in a table that does not say so.

A share of right answers is a whole number of them over the number of questions, which policy/harness_tasks.csv has. That is
seen only where the table's numbers have enough decimals: 0.35 is no share of 12,032 questions, but one of two decimals may be.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import empty, parsed_frame, refused_rows

# How a score comes from its parts where it is the share of right answers among all questions.
_SHARES = ("single", "size_weighted_mean")
# More decimals are what arithmetic left: 0.3 + 0.03.
_MOST_DECIMALS = 12
_ARITHMETIC = 1e-6
# One score that is no such share is of other questions; a trial run shows in several.
_LEAST_SIGNS = 2
# Where more of a file's rows look like trial runs, the leaderboard asks other numbers of questions than policy knows.
_MOST_SHARE = 0.5


def without_trial_runs(
    scores: pl.DataFrame, decimals: Mapping[str, int], policy: Policy
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Parsed scores of one file without those of trial runs, and these as a parsed quarantine.

    `decimals` are those to which the table rounds, by variant. A file whose numbers mostly have fewer was rounded to those. A
    row is a trial run if two of its scores are no whole number of answers. Scores whose questions are not known are no sign, and
    a row whose numbers are all shorter than the file's was rounded further. If most rows seem to be trial runs, none is.
    """
    unit = pl.when(pl.col("score_unit") == "percent").then(100.0).otherwise(1.0)
    stated = pl.col("variant_id").replace_strict(decimals, default=_MOST_DECIMALS, return_dtype=pl.Int64)
    shown = pl.col("score_raw").round(_MOST_DECIMALS).cast(pl.String).str.extract(r"\.(\d+)$").str.strip_chars_end("0")
    own = shown.str.len_chars().fill_null(0)
    usual = pl.min_horizontal(stated, own.median().over("variant_id").cast(pl.Int64))
    leeway = pl.col("n_questions") / unit * 0.5 * 10.0 ** -usual.cast(pl.Float64)
    right = pl.col("n_right")
    row = pl.col("locator").str.extract(r"^(row \d+)")
    judged = (
        scores.join(_questions(policy), on="variant_id", how="left", maintain_order="left")
        .with_columns(
            (pl.col("score_raw") / unit * pl.col("n_questions")).alias("n_right"),
            # A last digit may be 0.
            (pl.col("n_questions").is_not_null() & (own >= usual - 1)).alias("is_as_long"),
        )
        .with_columns(pl.col("is_as_long").any().over(row).alias("is_of_full_length"))
        .with_columns(
            (
                pl.col("is_of_full_length")
                & right.is_between(0, pl.col("n_questions"))
                & ((right - right.round()).abs() > leeway + _ARITHMETIC)
            )
            .fill_null(False)
            .alias("is_sign")
        )
        .with_columns(pl.format("{} {} of {}", "variant_id", right.round(2), "n_questions").alias("sign"))
        .with_columns(
            pl.col("sign").filter("is_sign").sort().implode().over(row, mapping_strategy="join").alias("signs")
        )
    )
    is_trial = pl.col("signs").list.len() >= _LEAST_SIGNS
    known = judged.filter(pl.col("n_questions").is_not_null())
    if known.height and known.filter(is_trial).height > _MOST_SHARE * known.height:
        return scores, empty("quarantine")
    return parsed_frame("scores", judged.filter(~is_trial)), _refusals(judged.filter(is_trial))


def _questions(policy: Policy) -> pl.DataFrame:
    """The number of questions behind each score that is a share of right answers: of its whole task, or of all its parts."""
    counted = policy.frame("harness_tasks").filter(~pl.col("metric").str.contains(" ")).group_by("variant_id", "role")
    totals = counted.agg(
        pl.when(pl.col("n_questions").is_not_null().all()).then(pl.col("n_questions").cast(pl.Int64).sum())
    ).drop_nulls()
    shares = policy.benchmarks.filter(pl.col("aggregation").is_in(_SHARES)).select("variant_id")
    return totals.join(shares, on="variant_id").unique("variant_id").select("variant_id", "n_questions")


def _refusals(trials: pl.DataFrame) -> pl.DataFrame:
    return refused_rows(
        trials,
        "scores",
        rule="run|limited",
        reason=pl.format(
            "the run asked only a part of the questions: not a score of the benchmark. Over all questions, the row's scores"
            " would be no whole numbers of right answers: {}",
            pl.col("signs").list.join(", "),
        ),
        text=pl.format("{} = {} {}", "variant_id", "score_raw", "score_unit"),
    )
