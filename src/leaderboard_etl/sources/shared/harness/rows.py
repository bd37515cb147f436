"""From runs of lm-evaluation-harness to rows: every metric as published, and the scores that the leaderboard makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, RefusedError, SourceFile, parsed_frame, refuse, refused_rows
from leaderboard_etl.sources.measured import METRIC_COLUMNS, RUN_COLUMNS, Measured, numbered
from leaderboard_etl.sources.shared.harness.file import Run, copied_from
from leaderboard_etl.sources.shared.harness.metrics import Metrics, read_run
from leaderboard_etl.sources.shared.harness.scores import leaderboard_scores

# 0.1 + 0.2 of a mean may be over 1 by a last digit.
_LAST_DIGITS = 1e-11
_OF_FILE = ("hub_id", "organization", "reported_by", "repo_type", "repo_id", "revision", "path", "blob_id")
_RUN_SCHEMA = {
    **dict.fromkeys(("source_id", *(field.name for field in fields(Run)), *_OF_FILE), pl.String()),
    **dict.fromkeys(("has_chat_template", "is_limited"), pl.Boolean()),
    "evaluated_on": pl.Date(),
    "params": pl.Int64(),
}


def parsed_runs(
    source_id: str,
    files: Sequence[SourceFile],
    policy: Policy,
    variants: tuple[str, ...],
    *,
    unsigned: str = "community",
) -> Parsed:
    """All records of the files. `variants` are the scores that this generation of the leaderboard defines.

    The leaderboard's own runs name the commit of the model that they ran; `unsigned` is who reports those that do not.
    """
    numbers, runs, refused = Metrics(), [], []
    paths = {file.version.path for file in files}
    for file in files:
        try:
            if (original := copied_from(file.version.path)) != file.version.path and original in paths:
                raise RefusedError("file|copy", f"by its name a second copy of {original}")
            runs.append(_run_row(source_id, file, read_run(file, numbers), unsigned))
        except RefusedError as error:
            refused.append(_refused_file(source_id, file, error))
    parsed = Parsed(source_rows=len(files))
    if runs:
        frame = pl.DataFrame(runs, schema=_RUN_SCHEMA, orient="row").rename({"model_name": "source_name"})
        parsed.parameter_claims = _sizes(frame)
        parsed.models = parsed_frame("models", frame.with_columns(pl.lit("config").alias("locator")))
        metrics, values = _judged(*numbers.frames(), policy)
        parsed.subtask_scores = _measured(metrics, values, frame)
        parsed.scores, refused_scores = leaderboard_scores(metrics, values, frame, policy, variants)
        refused += [refused_scores, _refused_values(metrics, values, frame)]
    if refused:
        parsed.quarantine = pl.concat(refused)
    return parsed


def _run_row(source_id: str, file: SourceFile, run: Run, unsigned: str) -> tuple[object, ...]:
    """The columns that every row of a run has, and the further ones of its model statement, as in _RUN_SCHEMA."""
    owner, slash, _ = run.model_name.partition("/")
    version = file.version
    return (
        source_id,
        *vars(run).values(),
        run.model_name,
        owner if slash else None,
        "leaderboard" if run.model_sha else unsigned,
        *(version.repo_type, version.repo_id, version.revision, version.path, version.blob_id),
    )


def _sizes(runs: pl.DataFrame) -> pl.DataFrame:
    return parsed_frame(
        "parameter_claims",
        runs.filter(pl.col("params").is_not_null()).with_columns(
            pl.lit("total").alias("kind"),
            pl.lit("leaderboard").alias("method"),
            pl.lit("config.model_num_parameters").alias("locator"),
        ),
    )


def _judged(metrics: pl.DataFrame, values: pl.DataFrame, policy: Policy) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The metrics with their key path as `locator`, their benchmark and subtask; and the values. An impossible value becomes NaN,
    with its `text`, and `is_outside` if it is a number.

    A metric that gives a score somewhere is a share of the questions, in every task.
    """
    tasks = policy.frame("harness_tasks")
    shares = tasks["metric"].str.split(" ").explode().unique()
    metrics = metrics.join(
        tasks.select("task", "benchmark_id", "subtask"), on="task", how="left", maintain_order="left"
    ).with_columns(pl.concat_str(pl.col("section", "key", "name"), separator=".").str.slice(0, 400).alias("locator"))
    is_share = metrics["metric"].is_in(shares.implode())
    value = values["score_raw"]
    is_outside = is_share[values["metric_no"]] & value.is_finite() & ~value.is_between(0, 1 + _LAST_DIGITS)
    values = values.with_columns(is_outside.alias("is_outside"))
    if is_outside.any():
        name = metrics["name"][values["metric_no"]]
        values = values.with_columns(
            pl.when("is_outside").then(pl.format('"{}": {}', name, "score_raw")).otherwise("text").alias("text"),
            pl.when("is_outside").then(float("nan")).otherwise("score_raw").alias("score_raw"),
        )
    return metrics, values


def _measured(metrics: pl.DataFrame, values: pl.DataFrame, runs: pl.DataFrame) -> Measured:
    distinct, number = numbered(metrics, METRIC_COLUMNS)
    good = values.filter(pl.col("text").is_null())
    return Measured(
        runs.select(RUN_COLUMNS),
        distinct,
        good.select("run_no", number[good["metric_no"]].alias("metric_no"), "score_raw", "stderr_raw"),
    )


def _refused_values(metrics: pl.DataFrame, values: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    bad = values.filter(pl.col("text").is_not_null())
    reasons = {
        "score_raw|range": "a share of the questions is from 0 to 1: another unit, or a wrong value",
        "score_raw|number": "the value is not a finite number",
    }
    rule = pl.when("is_outside").then(pl.lit("score_raw|range")).otherwise(pl.lit("score_raw|number"))
    rows = [runs[bad["run_no"]], metrics[bad["metric_no"]].select("locator"), bad]
    return refused_rows(
        pl.concat(rows, how="horizontal"),
        "subtask_scores",
        rule=rule,
        reason=rule.replace_strict(reasons),
        text=pl.col("text"),
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
