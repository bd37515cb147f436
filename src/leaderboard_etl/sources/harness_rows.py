"""From a run of lm-evaluation-harness to rows: every metric as it stands, and the scores that the leaderboard makes of them.

Which task belongs to which benchmark, and which metric counts, is policy/harness_tasks.csv.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, SourceFile, place, refuse, stage, staged_schema
from leaderboard_etl.sources.harness_results import Metric, Run, UnreadableRunError, read_run

Row = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """How one leaderboard score is made: `whole` is the task that may hold it, `parts` (task to number of questions, 0
    where not known) make it otherwise; `metrics` are averaged."""

    variant_id: str
    aggregation: str
    whole: str | None
    parts: Mapping[str, int]
    metrics: tuple[str, ...]
    n_shot: int | None


@dataclass
class _Rows:
    scores: list[Row] = field(default_factory=list)
    subtask_scores: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    quarantine: list[pl.DataFrame] = field(default_factory=list)


def parsed_runs(source_id: str, files: Sequence[SourceFile], policy: Policy, variants: Sequence[str]) -> Parsed:
    """Everything that the files say. `variants` are the scores which this generation of the leaderboard defines."""
    tasks = {row["task"]: row for row in policy.frame("harness_tasks").iter_rows(named=True)}
    recipes = _recipes(policy, variants)
    rows = _Rows()
    for file in files:
        try:
            run = read_run(file)
        except UnreadableRunError as error:
            rows.quarantine.append(
                refuse(
                    source_id,
                    file.version,
                    target="file",
                    rule=error.rule,
                    reason=str(error),
                    text=file.content[:300],
                    locator="file",
                    source_name=file.version.path.rpartition("/")[0] or None,
                )
            )
            continue
        _read_one(source_id, file, run, tasks, recipes, rows)
    parsed = Parsed(source_rows=len(files))
    for target in ("scores", "subtask_scores", "models"):
        found = getattr(rows, target)
        if found:
            frame = pl.DataFrame(found, schema_overrides=staged_schema(target), infer_schema_length=None)
            setattr(parsed, target, stage(target, frame))
    if rows.quarantine:
        parsed.quarantine = pl.concat(rows.quarantine)
    return parsed


def _recipes(policy: Policy, variants: Sequence[str]) -> list[Recipe]:
    tasks, benchmarks = policy.frame("harness_tasks"), policy.benchmarks
    recipes = []
    for variant_id in variants:
        of_variant = tasks.filter(pl.col("variant_id") == variant_id)
        benchmark = benchmarks.row(by_predicate=pl.col("variant_id") == variant_id, named=True)
        parts = of_variant.filter(pl.col("role") == "part")
        wholes = of_variant.filter(pl.col("role") == "whole")["task"].to_list()
        recipes.append(
            Recipe(
                variant_id,
                benchmark["aggregation"],
                wholes[0] if wholes else None,
                {task: int(n or 0) for task, n in parts.select("task", "n_questions").iter_rows()},
                tuple(of_variant["metric"][0].split()),
                benchmark["n_shot"],
            )
        )
    return recipes


def _read_one(
    source_id: str, file: SourceFile, run: Run, tasks: Mapping[str, Row], recipes: Sequence[Recipe], rows: _Rows
) -> None:
    reported_by = _reporter(source_id, run)
    common: Row = {
        "source_id": source_id,
        "source_name": run.model_name,
        "precision": run.precision,
        "has_chat_template": run.has_chat_template,
        "run_id": run.run_id,
        "reported_by": reported_by,
        "evaluated_on": run.evaluated_on,
        **place(file.version),
    }
    rows.models.append(
        {**common, "hub_id": run.model_name, "model_sha": run.model_sha, "locator": "config"}
        | {"organization": run.model_name.split("/")[0] if "/" in run.model_name else None}
    )
    for metric in run.metrics:
        known = tasks.get(metric.task, {})
        rows.subtask_scores.append(
            {
                **common,
                "task": metric.task,
                "metric": metric.metric,
                "metric_filter": metric.metric_filter,
                "benchmark_id": known.get("benchmark_id"),
                "subtask": known.get("subtask"),
                "score_raw": metric.value_raw,
                "stderr_raw": metric.stderr_raw,
                "n_shot": metric.n_shot,
                "task_version": metric.task_version,
                "harness_version": run.harness_version,
                "model_sha": run.model_sha,
                "locator": metric.locator,
            }
        )
    for recipe in recipes:
        found = list(_aggregate(recipe, run))
        for score_raw, stderr, n_shot, locator in found:
            rows.scores.append(
                {
                    **common,
                    "variant_id": recipe.variant_id,
                    "score_raw": score_raw,
                    "score_unit": "fraction",
                    "stderr_raw": stderr,
                    "n_shot": n_shot,
                    "is_verified": True,
                    "locator": locator,
                }
            )
        problem = None if found else _refusal(recipe, run)
        if problem:
            rows.quarantine.append(
                refuse(
                    source_id,
                    file.version,
                    target="scores",
                    rule=problem[0],
                    reason=problem[1],
                    text=problem[2],
                    locator=f"results, {recipe.variant_id}",
                    source_name=run.model_name,
                )
            )


def _reporter(source_id: str, run: Run) -> str:
    """The leaderboard's own runs name the commit of the model that they ran; runs that others handed in do not.

    The first generation's files are all the leaderboard's own.
    """
    return "leaderboard" if run.model_sha or source_id == "olb_v1_results" else "community"


def _aggregate(recipe: Recipe, run: Run) -> Iterator[tuple[float, float | None, int | None, str]]:
    """(score as a fraction, its standard error, shots, locator) of a score, or nothing where it is not in the file."""
    if run.is_limited or _is_old_mmlu(recipe, run):
        return
    by_task = {(m.task, m.metric): m for m in run.metrics if m.metric in recipe.metrics}
    whole = [m for metric in recipe.metrics if (m := by_task.get((recipe.whole or "", metric))) is not None]
    if len(whole) == len(recipe.metrics) and all(math.isfinite(m.value_raw) for m in whole):
        value = sum(m.value_raw for m in whole) / len(whole)
        yield value, whole[0].stderr_raw if len(whole) == 1 else None, _shots(whole, recipe), whole[0].locator
        return
    parts = [by_task.get((task, recipe.metrics[0])) for task in recipe.parts]
    present = [m for m in parts if m is not None and math.isfinite(m.value_raw)]
    if not parts or len(present) < len(parts):
        return
    # The leaderboard's MMLU is an unweighted mean; the harness weighs its own groups by their questions.
    is_macro = recipe.variant_id == "mmlu_olb_v1"
    weights = [1 if is_macro else run.n_questions.get(m.task, recipe.parts[m.task]) for m in present]
    value = sum(w * m.value_raw for w, m in zip(weights, present, strict=True)) / sum(weights)
    yield value, None, _shots(present, recipe), f"results, mean of {len(present)} tasks from {present[0].locator}"


def _refusal(recipe: Recipe, run: Run) -> tuple[str, str, str] | None:
    """(rule, reason, text) where the file has some of a score's tasks, but no score can be made of them."""
    wanted = {recipe.whole, *recipe.parts}
    present = [m for m in run.metrics if m.task in wanted and m.metric in recipe.metrics]
    if not present:
        return None
    if run.is_limited:
        return (
            "run|limited",
            "the run asked a part of the questions only: no score of the benchmark",
            present[0].locator,
        )
    if _is_old_mmlu(recipe, run):
        return (
            "task|version",
            "version 0 of the MMLU tasks, whose prompts were wrong; the leaderboard skipped these files as well",
            present[0].locator,
        )
    finite = {m.task for m in present if math.isfinite(m.value_raw)}
    absent = sorted(task for task in (recipe.parts or wanted) if task and task not in finite)
    return (
        "aggregate|complete",
        f"the mean needs all {len(recipe.parts) or 1} tasks; {len(absent)} are missing or no numbers",
        ", ".join(absent),
    )


def _is_old_mmlu(recipe: Recipe, run: Run) -> bool:
    return recipe.variant_id == "mmlu_olb_v1" and any(
        m.task == "hendrycksTest-abstract_algebra" and m.task_version in ("0", "0.0") for m in run.metrics
    )


def _shots(metrics: Sequence[Metric], recipe: Recipe) -> int | None:
    stated = {m.n_shot for m in metrics if m.n_shot is not None}
    return stated.pop() if len(stated) == 1 else recipe.n_shot
