"""From runs of lm-evaluation-harness to rows: every metric as published, and the scores that the leaderboard makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, RefusedError, SourceFile, concat, parsed_frame, place, refuse
from leaderboard_etl.sources.shared.harness.file import Run, copied_from
from leaderboard_etl.sources.shared.harness.metrics import Metrics, read_run
from leaderboard_etl.sources.shared.harness.scores import leaderboard_scores

# Values are Python lists until they become a frame: so many files at a time.
_FILES_AT_ONCE = 500
# 0.1 + 0.2 of a mean may be over 1 by a last digit.
_LAST_DIGITS = 1e-11
_RUN_SCHEMA = {"evaluated_on": pl.Date, "model_sha": pl.String, "harness_version": pl.String, "params": pl.Int64}
_METRIC_SCHEMA = {
    **dict.fromkeys(("run", "n_shot"), pl.Int32),
    "n_questions": pl.Int64,
    **dict.fromkeys(("score_raw", "stderr_raw"), pl.Float64),
    **dict.fromkeys(("task", "metric", "metric_filter", "task_version", "section", "key", "name", "text"), pl.String),
}


def parsed_runs(
    source_id: str, files: Sequence[SourceFile], policy: Policy, variants: Sequence[str], *, unsigned: str = "community"
) -> Parsed:
    """All records of the files. `variants` are the scores that this generation of the leaderboard defines.

    The leaderboard's own runs name the commit of the model that they ran; `unsigned` is who reports those that do not.
    """
    batches = [files[first : first + _FILES_AT_ONCE] for first in range(0, len(files), _FILES_AT_ONCE)]
    return concat([_parsed_batch(source_id, batch, policy, variants, unsigned) for batch in batches])


def _parsed_batch(
    source_id: str, files: Sequence[SourceFile], policy: Policy, variants: Sequence[str], unsigned: str
) -> Parsed:
    values, runs, refused = Metrics(), [], []
    paths = {file.version.path for file in files}
    for number, file in enumerate(files):
        try:
            if (original := copied_from(file.version.path)) != file.version.path and original in paths:
                raise RefusedError("file|copy", f"by its name a second copy of {original}")
            runs.append(_run_row(source_id, number, file, read_run(file, number, values), unsigned))
        except RefusedError as error:
            refused.append(_refused_file(source_id, file, error))
    parsed = Parsed(source_rows=len(files))
    if runs:
        frame = pl.DataFrame(runs, schema_overrides={"run": pl.Int32(), **_RUN_SCHEMA})
        parsed.parameter_claims = _sizes(frame)
        metrics = _metric_rows(values, policy)
        parsed.models = parsed_frame("models", frame.with_columns(pl.lit("config").alias("locator")))
        parsed.subtask_scores = _subtask_rows(metrics, frame, policy)
        parsed.scores, refused_scores = leaderboard_scores(metrics, frame, policy, variants)
        refused += [refused_scores, _refused_values(metrics, frame)]
    if refused:
        parsed.quarantine = pl.concat(refused)
    return parsed


def _run_row(source_id: str, number: int, file: SourceFile, run: Run, unsigned: str) -> dict[str, Any]:
    """The columns that every row of a run has, and the further ones of its model statement."""
    owner, slash, _ = run.model_name.partition("/")
    return {
        "run": number,
        "source_id": source_id,
        "source_name": run.model_name,
        "hub_id": run.model_name,
        "organization": owner if slash else None,
        "reported_by": "leaderboard" if run.model_sha else unsigned,
        **{name: value for name, value in asdict(run).items() if name != "model_name"},
        **place(file.version),
    }


def _sizes(runs: pl.DataFrame) -> pl.DataFrame:
    return parsed_frame(
        "parameter_claims",
        runs.filter(pl.col("params").is_not_null()).with_columns(
            pl.lit("total").alias("kind"),
            pl.lit("leaderboard").alias("method"),
            pl.lit("config.model_num_parameters").alias("locator"),
        ),
    )


def _metric_rows(values: Metrics, policy: Policy) -> pl.DataFrame:
    """The values as a frame, with their key path as `locator`. An impossible value becomes NaN, with its `text` and the `rule`
    and `reason` that refuse it.

    A metric that gives a score somewhere is a share of the questions, in every task.
    """
    stderr, value = pl.col("stderr_raw"), pl.col("score_raw")
    shares = policy.frame("harness_tasks")["metric"].str.split(" ").explode().unique()
    is_share = pl.col("metric").is_in(shares.implode())
    is_outside = is_share & value.is_finite() & ~value.is_between(0, 1 + _LAST_DIGITS)
    return (
        pl.DataFrame(vars(values), schema=_METRIC_SCHEMA)
        .with_columns(
            pl.when(stderr.is_finite()).then(stderr).alias("stderr_raw"),
            pl.concat_str(pl.col("section", "key", "name"), separator=".").str.slice(0, 400).alias("locator"),
            pl.when(is_outside).then(pl.format('"{}": {}', "name", value)).otherwise("text").alias("text"),
            pl.when(is_outside).then(float("nan")).otherwise(value).alias("score_raw"),
            pl.when(is_outside).then(pl.lit("score_raw|range")).otherwise(pl.lit("score_raw|number")).alias("rule"),
            pl.when(is_outside)
            .then(pl.lit("a share of the questions is from 0 to 1: another unit, or a wrong value"))
            .otherwise(pl.lit("the value is not a finite number"))
            .alias("reason"),
        )
        .drop("section", "key", "name")
    )


def _subtask_rows(metrics: pl.DataFrame, runs: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    tasks = policy.frame("harness_tasks").select("task", "benchmark_id", "subtask")
    return parsed_frame(
        "subtask_scores",
        metrics.lazy()
        .filter(pl.col("text").is_null())
        .join(tasks.lazy(), on="task", how="left", maintain_order="left")
        .join(runs.lazy(), on="run", maintain_order="left"),
    )


def _refused_values(metrics: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    return parsed_frame(
        "quarantine",
        metrics.filter(pl.col("text").is_not_null())
        .join(runs, on="run", maintain_order="left")
        .with_columns(
            pl.lit("subtask_scores").alias("target"),
            pl.col("text").alias("offending_text"),
        ),
    )


def _refused_file(source_id: str, file: SourceFile, error: RefusedError) -> pl.DataFrame:
    return refuse(
        source_id,
        file.version,
        target="file",
        rule=error.rule,
        reason=str(error),
        text=file.content[:300],
        locator="file",
        source_name=file.version.path.rpartition("/")[0] or None,
    )
