"""Result files of lm-evaluation-harness, in every shape that the leaderboards hold: one file to one run with its metrics.

Two generations of keys occur: `harness|hendrycksTest-anatomy|5` with metric `acc` and `acc_stderr`, and `leaderboard_gpqa`
with `acc_norm,none` and `acc_norm_stderr,none`. Group values stand in `results`, in `groups`, or nowhere.
Left out on purpose: task configurations, hashes, tokenizer and machine descriptions, and timings.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import msgspec

from leaderboard_etl.sources.base import SourceFile

_NOT_METRICS = frozenset({"alias", " ", "name", "sample_len", "sample_count", "samples"})
_TASK = re.compile(r"^(?:[A-Za-z_]+\|)?(?P<task>[^|]+?)(?:\|(?P<shots>\d{1,3}))?(?:\|\d+)?$")
_FILE_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2})[-:](\d{2})[-:](\d{2})")
_REVISION = re.compile(r"(?:^|,)revision=([0-9a-f]{40})(?:,|$)")
_DTYPE = re.compile(r"(?:^|,)dtype=([A-Za-z0-9_.]+)")
_SHA = re.compile(r"^[0-9a-f]{40}$")
_MOST_METRICS = 20_000
# Task and metric names repeat from file to file: each is taken apart once.
_REMEMBERED = 1 << 14


class UnreadableRunError(ValueError):
    """A file that holds no run: `rule` names what it breaks."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


@dataclass
class Metrics:
    """The values of many runs, a list a column and an item a value. `run` is the number of the run that it belongs to.

    `score_raw` is NaN where the file gives no number, and `text` then what it gives; `stderr_raw`, `n_shot`, `n_questions`
    (asked of that task) and `task_version` are null where it does not say. Of the place only the key path's parts are kept.
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


@dataclass(frozen=True)
class Run:
    """One file. `model_name` is the folder, which is how the leaderboard files it; the name inside may be a local path.

    `model_sha`, `harness_version` and `evaluated_on` are null where the file does not say; `is_limited` is true for a run
    over a part of the questions.
    """

    model_name: str
    run_id: str
    precision: str
    has_chat_template: str
    model_sha: str | None
    harness_version: str | None
    evaluated_on: date | None
    is_limited: bool


class _File(msgspec.Struct):
    """The keys that are read; the decoder skips all others, which are most of a file."""

    results: dict[str, Any]
    groups: dict[str, Any] | None = None
    versions: dict[str, Any] | None = None
    n_shot: Any = msgspec.field(default=None, name="n-shot")
    n_samples: Any = msgspec.field(default=None, name="n-samples")
    n_samples_too: Any = msgspec.field(default=None, name="n_samples")
    config: Any = None
    config_general: Any = None
    params: Any = None
    git_hash: Any = None
    date: Any = None
    chat_template: Any = None
    chat_template_sha: Any = None


_decoder = msgspec.json.Decoder(_File)


def is_result_file(path: str) -> bool:
    """Whether a repository's path is a result file in a model's folder."""
    folder, _, name = path.rpartition("/")
    return bool(folder) and name.startswith("results") and name.endswith(".json")


def read_run(file: SourceFile, number: int, metrics: Metrics) -> Run:
    """The run that a file holds; its values are added to `metrics` under `number`.

    Raises UnreadableRunError, with nothing added; nothing else, whatever the bytes.
    """
    content = _decode(file.content)
    config = {**_mapping(content.params), **_mapping(content.config), **_mapping(content.config_general)}
    folder, _, file_name = file.version.path.rpartition("/")
    if not folder:
        raise UnreadableRunError("file|place", "the file is not in a model's folder, so whose run it is cannot be told")
    arguments = config.get("model_args")
    arguments = arguments if isinstance(arguments, str) else _joined(arguments)
    pinned = _REVISION.search(arguments)
    stated = str(config.get("model_sha") or "")
    sha = stated if _SHA.match(stated) else pinned[1] if pinned else None
    stem = file_name.removeprefix("results_").removesuffix(".json")
    samples = _flat(_mapping(content.n_samples) or _mapping(content.n_samples_too))
    _add_metrics(content, samples, number, metrics)
    return Run(
        model_name=folder,
        run_id=f"{sha[:12] if sha else 'sha unknown'} {stem}"[:120],
        precision=_precision(config.get("model_dtype"), arguments),
        has_chat_template=_template(content, config),
        model_sha=sha,
        harness_version=_text(config.get("lighteval_sha")) or _text(content.git_hash),
        evaluated_on=_moment(content.date, file_name),
        is_limited=_is_limited(config, samples),
    )


def _decode(raw: bytes) -> _File:
    try:
        return _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # strict JSON has no NaN, which the harness writes: the standard library's reader takes it
    try:
        loaded = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UnreadableRunError("file|json", f"not JSON: {error}") from None
    if not isinstance(loaded, dict) or not isinstance(loaded.get("results"), dict):
        raise UnreadableRunError("file|shape", "JSON, but without the object 'results' that a result file has")
    try:
        return msgspec.convert(loaded, _File)
    except (msgspec.ValidationError, RecursionError) as error:
        raise UnreadableRunError("file|shape", f"not the shape of a result file: {error}") from None


def _add_metrics(content: _File, samples: Mapping[str, Any], number: int, metrics: Metrics) -> None:
    blocks = list(_blocks(content))
    if sum(len(values) for _, _, values in blocks) > _MOST_METRICS:
        raise UnreadableRunError("file|size", f"more than {_MOST_METRICS:,} metrics in one file")
    versions, shots = _mapping(content.versions), _mapping(content.n_shot)
    for section, key, values in blocks:
        task, in_key = _task(key)
        n_shot = _count(shots.get(key)) if in_key is None else in_key
        n_questions = _count(samples.get(key))
        version = versions.get(key)
        version = str(version)[:40] if isinstance(version, str | int | float) and version not in ("N/A", "") else None
        for name, value in values.items():
            known = _metric(name)
            if known is None:
                continue
            raw, deviation = _number(value), values.get(known[2])
            metrics.run.append(number)
            metrics.task.append(task)
            metrics.metric.append(known[0])
            metrics.metric_filter.append(known[1])
            metrics.score_raw.append(raw)
            metrics.stderr_raw.append(_number(deviation))
            metrics.n_shot.append(n_shot)
            metrics.n_questions.append(n_questions)
            metrics.task_version.append(version)
            metrics.section.append(section)
            metrics.key.append(key)
            metrics.name.append(name)
            metrics.text.append(None if math.isfinite(raw) else _written(name, value))


def _blocks(content: _File) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(section, key, values) of every task and group; a group stands in `groups` or `results`, with its tasks inside or not."""
    results = _flat(content.results)
    for key, values in results.items():
        # A bare value in a task's place is no metric, which the rules refuse with its text.
        yield "results", key, values if isinstance(values, dict) else {"value": [values]}
    for key, values in (content.groups or {}).items():
        if isinstance(values, dict) and not any(_metric(name) for name in _mapping(results.get(key))):
            yield "groups", key, values


def _flat(block: Mapping[str, Any]) -> dict[str, Any]:
    """The block with every mapping of mappings in it replaced by what that holds."""
    found: dict[str, Any] = {}
    for key, values in block.items():
        is_nested = isinstance(values, dict) and bool(values) and all(isinstance(v, dict) for v in values.values())
        found.update(values if is_nested else {key: values})
    return found


@lru_cache(_REMEMBERED)
def _task(key: str) -> tuple[str, int | None]:
    """(task, shots or null) of `harness|hendrycksTest-anatomy|5`, `leaderboard_gpqa` and what lies between."""
    named = _TASK.match(key)
    if named is None:
        return key[:200], None
    return named["task"][:200], int(named["shots"]) if named["shots"] else None


@lru_cache(_REMEMBERED)
def _metric(name: str) -> tuple[str, str, str] | None:
    """(metric, filter, key of its standard error) of `acc` or `acc_norm,none`; null for what is no metric."""
    metric, _, metric_filter = name.partition(",")
    if name in _NOT_METRICS or metric.endswith("_stderr"):
        return None
    deviation = f"{metric}_stderr,{metric_filter}" if metric_filter else f"{metric}_stderr"
    return metric[:100], metric_filter[:100] or "none", deviation


def _is_limited(config: Mapping[str, Any], samples: Mapping[str, Any]) -> bool:
    stated = (config.get("limit"), config.get("max_samples"))
    if any(value not in (None, "", 0, "null") for value in stated):
        return True
    asked = ((_count(sizes.get("effective")), _count(sizes.get("original"))) for sizes in map(_mapping, samples.values()))
    return any(effective is not None and original is not None and effective < original for effective, original in asked)


def _template(content: _File, config: Mapping[str, Any]) -> str:
    stated = config.get("use_chat_template", config.get("chat_template"))
    if isinstance(stated, bool):
        return "true" if stated else "false"
    if content.chat_template or content.chat_template_sha or stated:
        return "true"
    # The newer harness always writes the key, null where no template was used; the older one knew no templates.
    return "false" if content.git_hash is not None else "unknown"


def _precision(dtype: object, arguments: str) -> str:
    found = _DTYPE.search(arguments)
    said = _text(dtype) or (found[1] if found else None)
    if not said or said == "auto":
        return "unknown"
    return said.removeprefix("torch.")[:40]


def _moment(stated: object, file_name: str) -> date | None:
    if isinstance(stated, int | float) and not isinstance(stated, bool) and 0 < stated < 4e9:
        return datetime.fromtimestamp(float(stated), UTC).date()
    found = _FILE_TIME.search(file_name)
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        return None


def _joined(arguments: object) -> str:
    return ",".join(f"{name}={value}" for name, value in _mapping(arguments).items())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int | None:
    if isinstance(value, dict):
        value = value.get("effective", value.get("original"))
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**7 else None


def _number(value: object) -> float:
    """The value as a float; NaN for anything that is none."""
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**300:
        return math.nan
    return float(value)


def _written(name: str, value: object) -> str:
    """A pair as it stands in the file, or much like it."""
    return f'"{name[:100]}": {json.dumps(value, ensure_ascii=False, default=str)[:300]}'


def _text(value: object) -> str | None:
    return value.strip()[:80] if isinstance(value, str) and value.strip() else None
