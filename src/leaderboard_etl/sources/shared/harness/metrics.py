"""Result files of lm-evaluation-harness, in every shape that the leaderboards hold: one file to one run with its metrics.

Two generations of keys occur: `harness|hendrycksTest-anatomy|5` with metric `acc` and `acc_stderr`, and `leaderboard_gpqa`
with `acc_norm,none` and `acc_norm_stderr,none`. Group values are in `results`, in `groups`, or absent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from leaderboard_etl.sources.base import RefusedError, SourceFile
from leaderboard_etl.sources.shared.harness.file import ResultFile, Run, count, decode, run_of
from leaderboard_etl.sources.shared.values import mapping

_NOT_METRICS = frozenset({"alias", "name", "sample_len", "sample_count", "samples"})
_SUITE = re.compile(r"[A-Za-z_]+")
_MOST_METRICS = 20_000
# Task and metric names repeat from file to file: each is parsed once.
_REMEMBERED = 1 << 14


@dataclass
class Metrics:
    """The values of many runs, one list per column and one item per value. `run` is the number of the run that it belongs to.

    `score_raw` is NaN if the file gives anything but a number, which is then in `text`; `stderr_raw`, `n_shot`, `n_questions`
    (asked in that task) and `task_version` are null if not stated. `section`, `key` and `name` are the parts of the key path.
    """

    run: list[int] = field(default_factory=list)
    task: list[str] = field(default_factory=list)
    metric: list[str] = field(default_factory=list)
    metric_filter: list[str] = field(default_factory=list)
    score_raw: list[float] = field(default_factory=list)
    stderr_raw: list[float] = field(default_factory=list)
    n_shot: list[int | None] = field(default_factory=list)
    n_questions: list[int | None] = field(default_factory=list)
    task_version: list[str | None] = field(default_factory=list)
    section: list[str] = field(default_factory=list)
    key: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    text: list[str | None] = field(default_factory=list)


def read_run(file: SourceFile, number: int, metrics: Metrics) -> Run:
    """The run that a file holds; its values are added to `metrics` under `number`.

    Raises RefusedError, with nothing added, and nothing else, for any bytes.
    """
    content = decode(file.content)
    samples = _flat(mapping(content.n_samples) or mapping(content.n_samples_too))
    run = run_of(content, file.version.path, samples)
    n_before = len(metrics.run)
    _add_metrics(content, samples, number, metrics)
    if len(metrics.run) == n_before:
        raise RefusedError("file|empty", "a result file without one metric: the run measured nothing")
    return run


def _add_metrics(content: ResultFile, samples: Mapping[str, Any], number: int, metrics: Metrics) -> None:
    blocks = list(_blocks(content))
    if sum(len(values) for _, _, values in blocks) > _MOST_METRICS:
        raise RefusedError("file|size", f"more than {_MOST_METRICS:,} metrics in one file")
    versions, shots = mapping(content.versions), mapping(content.n_shot)
    # The harness of 2023 used one number of examples for all tasks of a run.
    of_all = count(mapping(content.config).get("num_fewshot"))
    for section, key, values in blocks:
        task, in_key = _task(key)
        n_shot = count(shots.get(key, of_all)) if in_key is None else in_key
        n_questions = count(samples.get(key))
        version = versions.get(key, versions.get(task))
        version = str(version)[:40] if isinstance(version, str | int | float) and version not in ("N/A", "") else None
        for name, value in values.items():
            parsed = _metric(name)
            if parsed is None:
                continue
            raw, deviation = _number(value), values.get(parsed[2])
            metrics.run.append(number)
            metrics.task.append(task)
            metrics.metric.append(parsed[0])
            metrics.metric_filter.append(parsed[1])
            metrics.score_raw.append(raw)
            metrics.stderr_raw.append(_number(deviation))
            metrics.n_shot.append(n_shot)
            metrics.n_questions.append(n_questions)
            metrics.task_version.append(version)
            metrics.section.append(section)
            metrics.key.append(key)
            metrics.name.append(name)
            metrics.text.append(None if math.isfinite(raw) else _written(name, value))


def _blocks(content: ResultFile) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(section, key, values) of every task and group; a group is in `groups` or `results`, with its tasks inside or not."""
    results = _flat(content.results)
    for key, values in results.items():
        # A bare value in place of a task is not a metric; the rules refuse it with its text.
        yield "results", key, values if isinstance(values, dict) else {"value": [values]}
    for key, values in mapping(content.groups).items():
        if isinstance(values, dict) and not any(_metric(name) for name in mapping(results.get(key))):
            yield "groups", key, values


def _flat(block: Mapping[str, Any]) -> dict[str, Any]:
    """The block with every mapping of mappings in it replaced by its content."""
    flat: dict[str, Any] = {}
    for key, values in block.items():
        is_nested = isinstance(values, dict) and bool(values) and all(isinstance(v, dict) for v in values.values())
        flat.update(values if is_nested else {key: values})
    return flat


@lru_cache(_REMEMBERED)
def _task(key: str) -> tuple[str, int | None]:
    """(task, shots or null) of `harness|hendrycksTest-anatomy|5`, `gpqa:diamond|0`, `leaderboard_gpqa` and forms between them."""
    parts = key.split("|")
    # After the task come the examples and, in old files, whether they may be cut; before it the suite, until lighteval 0.10.
    numbers = [part for part in parts[1:] if part.isascii() and part.isdecimal()][:2]
    names = parts[: len(parts) - len(numbers)]
    if parts[len(names) :] != numbers or len(names) > 2 or (len(names) == 2 and not _SUITE.fullmatch(names[0])):
        return key[:200], None
    return names[-1][:200], int(numbers[0]) if numbers and len(numbers[0]) <= 3 else None


@lru_cache(_REMEMBERED)
def _metric(name: str) -> tuple[str, str, str] | None:
    """(metric, filter, key of its standard error) of `acc` or `acc_norm,none`; null for anything but a metric."""
    metric, _, metric_filter = name.partition(",")
    if name in _NOT_METRICS or not metric.strip() or metric.endswith("_stderr"):
        return None
    deviation = f"{metric}_stderr,{metric_filter}" if metric_filter else f"{metric}_stderr"
    return metric[:100], metric_filter[:100] or "none", deviation


def _number(value: object) -> float:
    """The value as a float; NaN for anything else."""
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**300:
        return math.nan
    return float(value)


def _written(name: str, value: object) -> str:
    """A pair as in the file, or nearly so."""
    return f'"{name[:100]}": {json.dumps(value, ensure_ascii=False, default=str)[:300]}'
