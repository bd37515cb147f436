"""Scores in one unit, and normalised so that 0 is guessing and 100 the ceiling."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

# Of one score a source says 0.458 and another 45.8: 100 * 0.458 is 45.800000000000004, and would be the greater one.
_PCT_DECIMALS = 10
PCT_OF_UNIT = {"fraction": 100.0, "percent": 1.0, "points_10": 10.0}


def score_pct(raw: str = "score_raw") -> pl.Expr:
    """`raw` in percent of the scale's maximum, to ten decimals, by the column `score_unit`; null for an unknown unit."""
    factor = pl.col("score_unit").replace_strict(PCT_OF_UNIT, default=None, return_dtype=pl.Float64)
    return (pl.col(raw) * factor).round(_PCT_DECIMALS)


def normalized_pct(score_fraction: pl.Expr, baseline: pl.Expr, ceiling: pl.Expr) -> pl.Expr:
    """0 at or below the random baseline, 100 at the ceiling; null if the baseline is null.

    With ceiling 1 this is the Open LLM Leaderboard's rule, 100 (raw - lower) / (1 - lower) clipped at 0
    (https://huggingface.co/docs/leaderboards/open_llm_leaderboard/normalization).
    """
    return (100.0 * (score_fraction - baseline) / (ceiling - baseline)).clip(lower_bound=0.0)


def normalize_scores(scores: pl.DataFrame, benchmarks: pl.DataFrame) -> pl.DataFrame:
    """Adds to rows of history.scores what core.scores holds of the benchmark and of the two percent scales.

    Adds benchmark_id, comparable_group, score_pct, score_norm_pct, norm_method and stderr_pct; fills n_shot from the
    variant where the source is silent. A variant that can only be normalised by subtask takes `score_norm_subtasks_pct`,
    where the column is there and not null, else the published value (norm_method 'published'); without either, or
    without a baseline, score_norm_pct is null and norm_method 'none'.
    """
    policy = benchmarks.select(
        "variant_id",
        "benchmark_id",
        "comparable_group",
        "random_baseline",
        "score_ceiling",
        "norm_rule",
        pl.col("n_shot").alias("variant_n_shot"),
    )
    computed = normalized_pct(pl.col("score_pct") / 100.0, pl.col("random_baseline"), pl.col("score_ceiling"))
    by_subtask = pl.col("norm_rule") == "by_subtask"
    ours = (
        pl.col("score_norm_subtasks_pct") if "score_norm_subtasks_pct" in scores.columns else pl.lit(None, pl.Float64)
    )
    value = pl.when(by_subtask).then(pl.coalesce(ours, "score_norm_published_pct")).otherwise(computed)
    method = pl.when(by_subtask & ours.is_null()).then(pl.lit("published")).otherwise(pl.lit("computed"))
    return (
        scores.join(policy, on="variant_id", how="left", maintain_order="left")
        .with_columns(score_pct().alias("score_pct"), score_pct("stderr_raw").alias("stderr_pct"))
        .with_columns(
            value.alias("score_norm_pct"),
            pl.when(value.is_null()).then(pl.lit("none")).otherwise(method).alias("norm_method"),
            pl.coalesce("n_shot", "variant_n_shot").alias("n_shot"),
        )
        .drop("random_baseline", "score_ceiling", "norm_rule", "variant_n_shot")
    )


RUN_KEY = ("source_id", "source_name", "precision", "has_chat_template", "run_id")


def normalized_by_subtask(
    subtask_scores: pl.DataFrame, tasks: pl.DataFrame, run: Sequence[str] = RUN_KEY
) -> pl.DataFrame:
    """The mean of the normalised subtasks of each run: the columns `run`, variant_id and score_norm_subtasks_pct.

    `subtask_scores` are open subtask scores (fractions), `tasks` is policy/harness_tasks.csv. Each subtask
    is normalised with 1/n_choices as its level of guessing and clipped at 0 before the mean, as the leaderboard does
    (https://huggingface.co/docs/leaderboards/open_llm_leaderboard/normalization). Variants with a subtask without
    n_choices, and runs that lack a subtask, have no row.
    """
    parts = tasks.filter(pl.col("role") == "part").select(
        "task", "metric", "variant_id", pl.col("n_choices").cast(pl.Float64)
    )
    parts = parts.filter(pl.col("n_choices").is_not_null().all().over("variant_id")).with_columns(
        pl.len().over("variant_id").alias("n_parts")
    )
    return (
        subtask_scores.join(parts, on=["task", "metric"], how="inner")
        .with_columns(normalized_pct(pl.col("score_raw"), 1.0 / pl.col("n_choices"), pl.lit(1.0)).alias("norm_pct"))
        .group_by(*run, "variant_id")
        .agg(
            # Sorted, because the last digit of a sum depends on its order, and nothing tells in which order the rows come.
            pl.col("norm_pct").sort().mean().alias("score_norm_subtasks_pct"),
            (pl.col("task").n_unique() == pl.col("n_parts").first()).alias("is_complete"),
        )
        .filter("is_complete")
        .drop("is_complete")
    )
