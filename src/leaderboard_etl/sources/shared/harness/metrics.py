"""Result files of lm-evaluation-harness, in every shape that the leaderboards hold: one file to one run with its metrics.

Two generations of keys occur: `harness|hendrycksTest-anatomy|5` with metric `acc` and `acc_stderr`, and `leaderboard_gpqa`
with `acc_norm,none` and `acc_norm_stderr,none`. Group values are in `results`, in `groups`, or absent.

Most files of a leaderboard have the same tasks and metrics in the same order, so that order is worked out once; from then on the
numbers of such a file are taken from their places.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from leaderboard_etl.sources.base import RefusedError, SourceFile
from leaderboard_etl.sources.shared.harness.file import (
    ResultFile,
    Run,
    SaidOfTasks,
    count,
    decode,
    flat,
    run_of,
    said_of_tasks,
)
from leaderboard_etl.sources.shared.values import mapping

_NOT_METRICS = frozenset({"alias", "name", "sample_len", "sample_count", "samples"})
_SUITE = re.compile(r"[A-Za-z_]+")
_MOST_METRICS = 20_000
# Task and metric names repeat from file to file: each is parsed once.
_REMEMBERED = 1 << 14
# So many orders of tasks, and so many metrics, are remembered from file to file: some tens of megabytes.
_MOST_LAYOUTS, _MOST_KNOWN = 512, 100_000
_MOST_NUMBER = 10**300
# Polars looks for numpy when it first meets an array, and breaks where two threads meet their first arrays at once.
pl.Series(np.empty(0))


class Metric(NamedTuple):
    """What a number of a file is. `section`, `key` and `name` are the parts of its key path; `n_shot`, `n_questions` (asked in
    that task) and `task_version` are null if not stated."""

    section: str
    key: str
    name: str
    task: str
    metric: str
    metric_filter: str
    n_shot: int | None
    n_questions: int | None
    task_version: str | None


_SCHEMA = {
    **dict.fromkeys(Metric._fields, pl.String()),
    "n_shot": pl.Int32(),
    "n_questions": pl.Int64(),
}


class _Layout(NamedTuple):
    """Where a file of one order of tasks has its metrics: the numbers of the metrics, and functions that take the values and the
    standard errors out of all that its tasks hold. `texts` are the rows whose value is not a number, with its place and name;
    `whole` are the places of integers."""

    metrics: Sequence[int]
    values: Callable[[list[Any]], Sequence[float]]
    errors: Callable[[list[Any]], Sequence[float]]
    texts: Sequence[tuple[int, int, str]]
    whole: Sequence[int]


class _Known:
    """The metrics and the layouts of the files read so far."""

    def __init__(self) -> None:
        self.metrics: list[Metric] = []
        self.layouts: dict[tuple[object, ...], _Layout] = {}
        self._numbers: dict[Metric, int] = {}
        self._lock = Lock()

    def number(self, metric: Metric) -> int:
        """The number of a metric, the same whenever it is asked for."""
        number = self._numbers.get(metric)
        if number is None:
            with self._lock:
                number = self._numbers.setdefault(metric, len(self.metrics))
                if number == len(self.metrics):
                    self.metrics.append(metric)
        return number


_known = [_Known()]


@dataclass
class Metrics:
    """The numbers of many runs. `n_of_run` says how many each run has; `metric` is a number in `known`.

    `value` is NaN if the file gives anything but a number, which is then in `texts` by its row, as far as it is not a float;
    `error` is NaN if none is stated.
    """

    known: _Known = field(default_factory=lambda: _known[0])
    n_of_run: list[int] = field(default_factory=list)
    metric: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.known.metrics) > _MOST_KNOWN:
            _known[0] = self.known = _Known()

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The distinct metrics, with the fields of Metric; and one row per number: run_no and metric_no (the places of its run
        and of its metric), score_raw, stderr_raw (null if none is stated), and its `text` if it is not a finite number."""
        used, metric_no = np.unique(np.array(self.metric, dtype=np.int64), return_inverse=True)
        metrics = [self.known.metrics[number] for number in used.tolist()]
        value, error = np.array(self.value, dtype=np.float64), pl.Series(self.error, dtype=pl.Float64, strict=False)
        texts: list[str | None] = [None] * len(value)
        for row in np.flatnonzero(~np.isfinite(value)).tolist():
            texts[row] = self.texts.get(row) or _written(metrics[metric_no[row]].name, self.value[row])
        return pl.DataFrame(metrics, schema=_SCHEMA, orient="row"), pl.DataFrame(
            {
                "run_no": np.repeat(np.arange(len(self.n_of_run), dtype=np.uint32), self.n_of_run),
                "metric_no": metric_no.astype(np.uint32),
                "score_raw": value,
                "stderr_raw": pl.select(pl.when(error.is_finite()).then(error)).to_series(),
                "text": pl.Series(texts, dtype=pl.String),
            }
        )


def read_run(file: SourceFile, metrics: Metrics) -> Run:
    """The run that a file holds; its numbers are added to `metrics`.

    Raises RefusedError, with nothing added, and nothing else, for any bytes.
    """
    content = decode(file.content)
    said = said_of_tasks(content)
    run = run_of(content, file.version.path, asks_part=said.asks_part)
    n_before = len(metrics.metric)
    if not _add_by_layout(content, said, metrics):
        _add_one_by_one(content, said, metrics)
    if len(metrics.metric) == n_before:
        raise RefusedError("file|empty", "a result file without one metric: the run measured nothing")
    metrics.n_of_run.append(len(metrics.metric) - n_before)
    return run


def _add_by_layout(content: ResultFile, said: SaidOfTasks, metrics: Metrics) -> bool:
    """Adds the numbers of a file whose tasks hold nothing but plain values; false, and nothing added, for any other."""
    groups = mapping(content.groups)
    blocks = [*content.results.values(), *groups.values()]
    if not {dict}.issuperset(map(type, blocks)):
        return False
    held = list(chain.from_iterable(map(dict.values, blocks)))
    types = tuple(map(type, held))
    of_all = _shots_of_all(content)
    order = (said, of_all, tuple(content.results), tuple(groups), tuple(map(tuple, blocks)), types)
    layout = metrics.known.layouts.get(order)
    if layout is None:
        if dict in types:
            return False
        layout = _layout(content.results, groups, types, said, of_all, metrics.known)
        if len(metrics.known.layouts) >= _MOST_LAYOUTS:
            metrics.known.layouts.clear()
        metrics.known.layouts[order] = layout
    if any(abs(held[place]) > _MOST_NUMBER for place in layout.whole):
        return False
    first = len(metrics.value)
    for row, place, name in layout.texts:
        metrics.texts[first + row] = _written(name, held[place])
    held.append(math.nan)
    metrics.metric += layout.metrics
    metrics.value += layout.values(held)
    metrics.error += layout.errors(held)
    return True


def _layout(
    results: Mapping[str, Mapping[str, Any]],
    groups: Mapping[str, Mapping[str, Any]],
    types: Sequence[type],
    said: SaidOfTasks,
    of_all: int | None,
    known: _Known,
) -> _Layout:
    """Works out the layout of a file: the same walk as for any other, but over the places of the values."""
    places = iter(range(len(types)))
    results, groups = (
        {key: {name: next(places) for name in values} for key, values in block.items()} for block in (results, groups)
    )
    nowhere = len(types)
    numbers, values, errors, texts = list[int](), list[int](), list[int](), list[tuple[int, int, str]]()
    for metric, place, error_place in _walk(results, groups, said, of_all):
        is_number = types[place] in (float, int)
        if not is_number:
            texts.append((len(numbers), place, metric.name))
        numbers.append(known.number(metric))
        values.append(place if is_number else nowhere)
        errors.append(error_place if error_place is not None and types[error_place] in (float, int) else nowhere)
    whole = [place for place, kind in enumerate(types) if kind is int]
    return _Layout(numbers, _taking(values), _taking(errors), texts, whole)


def _taking(places: Sequence[int]) -> Callable[[list[Any]], Sequence[float]]:
    """A function that takes what is at these places of a list."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda held: [held[place] for place in places]


def _add_one_by_one(content: ResultFile, said: SaidOfTasks, metrics: Metrics) -> None:
    for metric, value, error in _walk(content.results, mapping(content.groups), said, _shots_of_all(content)):
        number = _number(value)
        if not math.isfinite(number):
            metrics.texts[len(metrics.value)] = _written(metric.name, value)
        metrics.metric.append(metrics.known.number(metric))
        metrics.value.append(number)
        metrics.error.append(_number(error))


def _shots_of_all(content: ResultFile) -> int | None:
    """The harness of 2023 used one number of examples for all tasks of a run."""
    return count(mapping(content.config).get("num_fewshot"))


def _walk(
    results: Mapping[str, Any], groups: Mapping[str, Any], said: SaidOfTasks, of_all: int | None
) -> Iterator[tuple[Metric, Any, Any]]:
    """Every metric with its value and its standard error, as they are."""
    blocks = list(_blocks(results, groups))
    if sum(len(values) for _, _, values in blocks) > _MOST_METRICS:
        raise RefusedError("file|size", f"more than {_MOST_METRICS:,} metrics in one file")
    for section, key, values in blocks:
        task, in_key = _task(key)
        n_shot = count(said.n_shot.get(key, of_all)) if in_key is None else in_key
        n_questions = count(said.n_samples.get(key))
        version = said.versions.get(key, said.versions.get(task))
        version = str(version)[:40] if isinstance(version, str | int | float) and version not in ("N/A", "") else None
        for name, value in values.items():
            parsed = _metric(name)
            if parsed is not None:
                metric = Metric(section, key, name, task, *parsed[:2], n_shot, n_questions, version)
                yield metric, value, values.get(parsed[2])


def _blocks(results: Mapping[str, Any], groups: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(section, key, values) of every task and group; a group is in `groups` or `results`, with its tasks inside or not."""
    results = flat(results)
    for key, values in results.items():
        # A bare value in place of a task is not a metric; the rules refuse it with its text.
        yield "results", key, values if isinstance(values, dict) else {"value": [values]}
    for key, values in groups.items():
        if isinstance(values, dict) and not any(_metric(name) for name in mapping(results.get(key))):
            yield "groups", key, values


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
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST_NUMBER:
        return math.nan
    return float(value)


def _written(name: str, value: object) -> str:
    """A pair as in the file, or nearly so."""
    return f'"{name[:100]}": {json.dumps(value, ensure_ascii=False, default=str)[:300]}'
