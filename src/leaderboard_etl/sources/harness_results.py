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
from dataclasses import dataclass
from datetime import UTC, date, datetime
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


class UnreadableRunError(ValueError):
    """A file that holds no run: `rule` names what it breaks."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


@dataclass(frozen=True)
class Metric:
    """One value of one task. `value_raw` is NaN where the file gives no number; `stderr_raw` null where it gives none."""

    task: str
    metric: str
    metric_filter: str
    value_raw: float
    stderr_raw: float | None
    n_shot: int | None
    task_version: str | None
    locator: str


@dataclass(frozen=True)
class Run:
    """One file. `model_name` is the folder, which is how the leaderboard files it; the name inside may be a local path.

    `model_sha`, `harness_version` and `evaluated_on` are null where the file does not say; `n_questions` has the number
    of questions of each task for which it is stated; `limit` is true for a run over a part of the questions.
    """

    model_name: str
    run_id: str
    precision: str
    has_chat_template: str
    model_sha: str | None
    harness_version: str | None
    evaluated_on: date | None
    n_questions: Mapping[str, int]
    is_limited: bool
    metrics: list[Metric]


class _File(msgspec.Struct):
    """The keys that are read; the decoder skips all others, which are most of a file."""

    results: dict[str, Any]
    groups: dict[str, Any] | None = None
    versions: dict[str, Any] | None = None
    n_shot: Any = msgspec.field(default=None, name="n-shot")
    n_samples: Any = msgspec.field(default=None, name="n-samples")
    config: Any = None
    config_general: Any = None
    git_hash: Any = None
    date: Any = None
    chat_template: Any = None
    chat_template_sha: Any = None


_decoder = msgspec.json.Decoder(_File)


def is_result_file(path: str) -> bool:
    """Whether a repository's path is a result file in a model's folder."""
    folder, _, name = path.rpartition("/")
    return bool(folder) and name.startswith("results") and name.endswith(".json")


def read_run(file: SourceFile) -> Run:
    """The run that a file holds. Raises UnreadableRunError; nothing else, whatever the bytes."""
    content = _decode(file.content)
    config = {**_mapping(content.config), **_mapping(content.config_general)}
    folder, _, file_name = file.version.path.rpartition("/")
    if not folder:
        raise UnreadableRunError("file|place", "the file is not in a model's folder, so whose run it is cannot be told")
    arguments = config.get("model_args")
    arguments = arguments if isinstance(arguments, str) else _joined(arguments)
    pinned = _REVISION.search(arguments)
    stated = str(config.get("model_sha") or "")
    sha = stated if _SHA.match(stated) else pinned[1] if pinned else None
    moment = _moment(content.date, file_name)
    stem = file_name.removeprefix("results_").removesuffix(".json")
    return Run(
        model_name=folder,
        run_id=f"{sha[:12] if sha else 'sha unknown'} {stem}"[:120],
        precision=_precision(config.get("model_dtype"), arguments),
        has_chat_template=_template(content, config),
        model_sha=sha,
        harness_version=_text(config.get("lighteval_sha")) or _text(content.git_hash),
        evaluated_on=moment,
        n_questions=_sizes(content.n_samples),
        is_limited=config.get("limit") not in (None, "", 0, "null") or config.get("max_samples") not in (None, "", 0),
        metrics=list(_metrics(content)),
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


def _metrics(content: _File) -> Iterator[Metric]:
    versions, shots = _mapping(content.versions), _mapping(content.n_shot)
    count = 0
    for section, block in (("results", content.results), ("groups", content.groups or {})):
        for key, values in block.items():
            if section == "groups" and _has_metrics(content.results.get(key)):
                continue
            named = _TASK.match(key)
            task = (named["task"] if named else key)[:200]
            in_key = int(named["shots"]) if named and named["shots"] else None
            for name, value in _mapping(values).items():
                metric, _, metric_filter = name.partition(",")
                if name in _NOT_METRICS or metric.endswith("_stderr"):
                    continue
                count += 1
                if count > _MOST_METRICS:
                    raise UnreadableRunError("file|size", f"more than {_MOST_METRICS:,} metrics in one file")
                deviation = f"{metric}_stderr,{metric_filter}" if metric_filter else f"{metric}_stderr"
                version = versions.get(key)
                yield Metric(
                    task=task,
                    metric=metric[:100],
                    metric_filter=metric_filter[:100] or "none",
                    value_raw=_number(value),
                    stderr_raw=_finite(values.get(deviation)),
                    n_shot=in_key if in_key is not None else _count(shots.get(key)),
                    task_version=None if version in (None, "N/A", "") else str(version)[:40],
                    locator=f"{section}.{key}.{name}"[:400],
                )


def _has_metrics(values: object) -> bool:
    return any(name not in _NOT_METRICS for name in _mapping(values))


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


def _sizes(stated: object) -> dict[str, int]:
    sizes = {}
    for task, value in _mapping(stated).items():
        n = _count(_mapping(value).get("effective", _mapping(value).get("original")))
        if n:
            sizes[task] = n
    return sizes


def _joined(arguments: object) -> str:
    return ",".join(f"{name}={value}" for name, value in _mapping(arguments).items())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int | None:
    if isinstance(value, dict):
        value = value.get("original")
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**7 else None


def _number(value: object) -> float:
    """The value as a float; NaN for anything that is none, which the row rules refuse with its text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if abs(value) < 1e300 else math.nan


def _finite(value: object) -> float | None:
    number = _number(value)
    return number if math.isfinite(number) else None


def _text(value: object) -> str | None:
    return value.strip()[:80] if isinstance(value, str) and value.strip() else None
