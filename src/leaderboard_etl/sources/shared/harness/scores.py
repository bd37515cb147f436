"""The scores that the leaderboards make from a run's metrics, and why some runs have none.

Which task belongs to which score, and which metric counts, is policy/harness_tasks.csv: a `whole` task holds the score, or
`part` tasks make it. Only whole sets of tasks make a score.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import parsed_frame, refused_rows

_MMLU = "mmlu_olb_v1"
_QUESTIONS = ("n_questions", "usual_questions")
# What follows from policy alone is made once for each policy and leaderboard, and not for every batch.
_REMEMBERED = 4
_MMLU_SIGN = "hendrycksTest-abstract_algebra"


def leaderboard_scores(
    metrics: pl.DataFrame, values: pl.DataFrame, runs: pl.DataFrame, policy: Policy, variants: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Parsed scores, and a parsed quarantine of scores for which a run has tasks but not all.

    `values` has run_no, metric_no, score_raw and stderr_raw; `metrics`, at these numbers, task, metric, metric_filter, n_shot,
    n_questions, task_version and locator; `runs` the columns that every row of a run holds, and is_limited.
    """
    judged = _sums(_counting(metrics, values, policy, variants), _recipes(policy, variants))
    judged = (
        pl.concat([judged, runs[judged["run_no"]]], how="horizontal")
        .with_columns(pl.col("run_no").is_in(_old_mmlu_runs(metrics, values).implode()).alias("has_old_mmlu"))
        .with_columns(_problem().alias("rule"))
    )
    return _scores(judged.filter(pl.col("rule").is_null())), _refusals(judged.filter(pl.col("rule").is_not_null()))


@lru_cache(_REMEMBERED)
def _recipes(policy: Policy, variants: tuple[str, ...]) -> pl.DataFrame:
    """One row per score: the tasks and the number of metrics that make it, and the variant's shots."""
    tasks = policy.frame("harness_tasks").filter(pl.col("variant_id").is_in(variants))
    is_part = pl.col("role") == "part"
    return (
        tasks.group_by("variant_id")
        .agg(
            pl.col("task").filter(is_part).alias("parts"),
            pl.col("task").filter(~is_part).alias("wholes"),
            pl.col("metric").first().str.split(" ").list.len().alias("n_metrics"),
        )
        .join(policy.benchmarks.select("variant_id", pl.col("n_shot").alias("variant_n_shot")), on="variant_id")
    )


def _counting(metrics: pl.DataFrame, values: pl.DataFrame, policy: Policy, variants: tuple[str, ...]) -> pl.DataFrame:
    """The values that count towards a score, one per task: the one at the variant's shots if a file has several. Each has the
    columns of its metric and of policy/harness_tasks.csv."""
    roles = (
        metrics.with_row_index("metric_no")
        .filter(pl.col("metric_filter") == "none")
        .join(_wanted(policy, variants), on=["task", "metric"], maintain_order="left")
        .with_columns((pl.col("n_shot") != pl.col("variant_n_shot")).fill_null(True).alias("is_other"))
        .with_row_index("role_no")
    )
    # Which values count is decided with numbers alone; the texts come last.
    counting = (
        values.select("run_no", "metric_no", "score_raw", "stderr_raw")
        .join(roles.select("metric_no", "role_no", "part_no", "is_other"), on="metric_no", maintain_order="left")
        .sort("is_other", maintain_order=True)
        .unique(["run_no", "part_no"], keep="first", maintain_order=True)
    )
    of_role = roles.select("variant_id", "task", "is_part", "n_shot", "n_questions", "usual_questions", "locator")
    numbers = counting.select("run_no", "score_raw", "stderr_raw")
    return pl.concat([numbers, of_role[counting["role_no"]]], how="horizontal")


@lru_cache(_REMEMBERED)
def _wanted(policy: Policy, variants: tuple[str, ...]) -> pl.DataFrame:
    """One row per task and metric that may count towards a score, with the variant's shots; `part_no` numbers them."""
    shots = policy.benchmarks.select("variant_id", pl.col("n_shot").alias("variant_n_shot"))
    return (
        policy.frame("harness_tasks")
        .filter(pl.col("variant_id").is_in(variants))
        .select(
            "task",
            pl.col("metric").str.split(" "),
            "variant_id",
            (pl.col("role") == "part").alias("is_part"),
            pl.col("n_questions").cast(pl.Int64).alias("usual_questions"),
        )
        .explode("metric")
        .with_columns(pl.struct("variant_id", "task", "metric").rank("dense").alias("part_no"))
        .join(shots, on="variant_id", maintain_order="left")
    )


def _sums(counting: pl.DataFrame, recipes: pl.DataFrame) -> pl.DataFrame:
    """One row per run and score with the sums over its tasks, complete or not."""
    is_number = pl.col("score_raw").is_finite()
    is_part, is_whole = pl.col("is_part") & is_number, ~pl.col("is_part") & is_number
    # The leaderboard's MMLU is an unweighted mean; the harness weights its groups by questions.
    questions = pl.coalesce("n_questions", "usual_questions").fill_null(0)
    is_other_set = (pl.col("n_questions") != pl.col("usual_questions")).fill_null(False)
    weight = pl.when(pl.col("variant_id") == _MMLU).then(1).otherwise(questions).filter(is_part)
    return (
        counting.group_by("run_no", "variant_id", maintain_order=True)
        .agg(
            pl.col("score_raw").filter(is_whole).mean().alias("whole"),
            is_whole.sum().alias("n_wholes"),
            pl.col("stderr_raw", "locator").filter(is_whole).first().name.prefix("whole_"),
            pl.col("n_shot").filter(is_whole).drop_nulls().unique().alias("whole_shots"),
            ((weight * pl.col("score_raw").filter(is_part)).sum() / weight.sum()).alias("mean"),
            is_part.sum().alias("n_parts"),
            pl.col("locator").filter(is_part).first().alias("part_locator"),
            pl.col("n_shot").filter(is_part).drop_nulls().unique().alias("part_shots"),
            pl.col("locator").first().alias("first_locator"),
            pl.col("task").filter(is_number).alias("tasks"),
            *(_of_each_task(name, is_other_set).sum().alias(f"other_{name}") for name in _QUESTIONS),
        )
        .join(recipes, on="variant_id", maintain_order="left")
        # The harness shows 0 or nothing as the shots of a group: its tasks have the run's number.
        .with_columns(
            (pl.col("n_wholes") == pl.col("n_metrics")).alias("is_whole"),
            pl.when(pl.col("parts").list.len() > 0).then("part_shots").otherwise("whole_shots").alias("shots"),
        )
    )


def _of_each_task(column: str, is_counted: pl.Expr) -> pl.Expr:
    """A fact of the counted tasks, once for each: a task may have several metrics."""
    return pl.struct("task", column).filter(is_counted).unique().struct.field(column)


def _old_mmlu_runs(metrics: pl.DataFrame, values: pl.DataFrame) -> pl.Series:
    is_old = (metrics["task"] == _MMLU_SIGN) & metrics["task_version"].is_in(["0", "0.0"]).fill_null(False)
    return values.filter(is_old[values["metric_no"]])["run_no"].unique()


def _problem() -> pl.Expr:
    """The rule by which a score cannot be made; null if it can."""
    has_parts = (pl.col("n_parts") > 0) & (pl.col("n_parts") == pl.col("parts").list.len())
    return (
        pl.when("is_limited")
        .then(pl.lit("run|limited"))
        .when((pl.col("variant_id") == _MMLU) & pl.col("has_old_mmlu"))
        .then(pl.lit("task|version"))
        .when(~pl.col("is_whole") & ~has_parts)
        .then(pl.lit("aggregate|complete"))
        # MATH of all levels has the names of its level 5, and four times the questions.
        .when(pl.col("other_usual_questions") > 0)
        .then(pl.lit("run|questions"))
        .when(pl.col("shots").list.set_difference(pl.concat_list("variant_n_shot")).list.len() > 0)
        .then(pl.lit("run|shots"))
    )


def _scores(judged: pl.DataFrame) -> pl.DataFrame:
    is_whole = pl.col("is_whole")
    mean_of = pl.format("results, mean of {} tasks from {}", "n_parts", "part_locator")
    return parsed_frame(
        "scores",
        judged.with_columns(
            pl.when(is_whole).then("whole").otherwise("mean").alias("score_raw"),
            pl.lit("fraction").alias("score_unit"),
            pl.when(is_whole & (pl.col("n_metrics") == 1)).then("whole_stderr_raw").alias("stderr_raw"),
            pl.col("variant_n_shot").alias("n_shot"),
            pl.lit(True).alias("is_verified"),
            pl.when(is_whole).then("whole_locator").otherwise(mean_of).alias("locator"),
        ),
    )


def _refusals(judged: pl.DataFrame) -> pl.DataFrame:
    needed = pl.when(pl.col("parts").list.len() > 0).then("parts").otherwise("wholes")
    absent = needed.list.set_difference("tasks").list.sort()
    has_all_tasks = absent.list.len() == 0
    reasons = {
        "run|limited": pl.lit("the run asked only a part of the questions: not a score of the benchmark"),
        "task|version": pl.lit(
            "version 0 of the MMLU tasks, whose prompts were wrong; the leaderboard skipped these files as well"
        ),
        "aggregate|complete": pl.format(
            "{} of the {} {} that make the score are missing, not numbers or out of range",
            pl.when(has_all_tasks).then(pl.col("n_metrics") - pl.col("n_wholes")).otherwise(absent.list.len()),
            pl.when(has_all_tasks).then("n_metrics").otherwise(needed.list.len()),
            pl.when(has_all_tasks).then(pl.lit("metrics")).otherwise(pl.lit("tasks")),
        ),
        "run|questions": pl.format(
            "asked {} questions where its tasks have {}: another set of questions, not a score of this one",
            "other_n_questions",
            "other_usual_questions",
        ),
        "run|shots": pl.format(
            "asked with {} examples where the score is defined with {}: another protocol, not a score of this one",
            pl.col("shots").cast(pl.List(pl.String)).list.join(" and "),
            "variant_n_shot",
        ),
    }
    is_incomplete = pl.col("rule") == "aggregate|complete"
    return refused_rows(
        judged.with_columns(pl.format("results, {}", "variant_id").alias("locator")),
        "scores",
        rule=pl.col("rule"),
        reason=pl.coalesce(pl.when(pl.col("rule") == rule).then(reason) for rule, reason in reasons.items()),
        text=pl.when(is_incomplete & ~has_all_tasks).then(absent.list.join(", ")).otherwise("first_locator"),
    )
