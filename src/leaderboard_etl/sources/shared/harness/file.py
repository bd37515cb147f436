"""A result file of lm-evaluation-harness as a whole: decoding its bytes, and its statements about the run that made it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import msgspec

from leaderboard_etl.sources.base import RefusedError
from leaderboard_etl.sources.shared.values import is_lfs_pointer, json_value, mapping, shortened

# For the descriptions of the sources that read such files.
LEFT_OUT = "task configurations, hashes, tokenizer and machine descriptions, timings"
LEFT_OUT_BECAUSE = (
    "they are not results. These give no score either: MMLU files of task version 0, which the leaderboard skipped, runs over"
    " a part of the questions or with another number of examples, and sets with a missing task. Their metrics are in"
    " `core.subtask_scores`, the refused scores in quarantine"
)
_FILE_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2})[-:](\d{2})[-:](\d{2})")
_REVISION = re.compile(r"(?:^|,)revision=([0-9a-f]{40})(?:,|$)")
_DTYPE = re.compile(r"(?:^|,)(?:torch_)?dtype=['\"]?([A-Za-z0-9_.]+)")
_QUANTIZED = re.compile(r"(?:^|,)load_in_([48]bit)=['\"]?true\b", re.IGNORECASE)
_SHA = re.compile(r"^[0-9a-f]{40}$")
_PRETRAINED = re.compile(r"(?:^|,)pretrained=([^,]+)")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/\w[\w.-]{0,95}", re.ASCII)
_FOLDER = re.compile(r"(?!\w*__)[A-Za-z0-9][\w.-]{0,95}|[A-Za-z0-9][\w.-]{0,95}/\w[\w.-]{0,95}", re.ASCII)
# Characters that the harness replaces in a model's name to make a folder name.
_UNSAFE = re.compile(r"[\"<>:/|\\?*\[\]]+")
_COPY = re.compile(r"(?: \(\d{1,3}\)|(?: -)? copy(?: \d{1,3})?)$", re.IGNORECASE)
_MOST_ID = 120


_NOTHING = msgspec.Raw(b"null")
_RAW = ("versions", "n-shot", "n-samples", "n_samples")
# Texts of this many different files stay decoded, some megabytes.
_REMEMBERED = 256


@dataclass(frozen=True)
class Run:
    """One file. `model_name` is the name of the folder, because the name inside may be a local path. If the folder is not a
    repository name, it is the name inside, provided that the folder contains it, as `org__model` does.

    `model_sha`, `harness_version`, `evaluated_on` and `params` (the parameters that the harness counted in the weights that it
    ran, packed ones as stored) are null if the file does not state them; `is_limited` is true for a run over a part of
    the questions.
    """

    model_name: str
    run_id: str
    precision: str
    has_chat_template: bool | None
    model_sha: str | None
    harness_version: str | None
    evaluated_on: date | None
    params: int | None
    is_limited: bool


class ResultFile(msgspec.Struct):
    """The keys that we read; the decoder skips all others, which are most of a file. What most files of a leaderboard say in the
    same words stays JSON, so that it is decoded once for all of them (`said_of_tasks`)."""

    results: dict[str, Any]
    groups: Any = None
    versions: msgspec.Raw = _NOTHING
    n_shot: msgspec.Raw = msgspec.field(default=_NOTHING, name="n-shot")
    n_samples: msgspec.Raw = msgspec.field(default=_NOTHING, name="n-samples")
    n_samples_too: msgspec.Raw = msgspec.field(default=_NOTHING, name="n_samples")
    config: Any = None
    config_general: Any = None
    params: Any = None
    model_name: Any = None
    git_hash: Any = None
    lm_eval_version: Any = None
    date: Any = None
    chat_template: Any = msgspec.UNSET
    chat_template_sha: Any = None


_decoder = msgspec.json.Decoder(ResultFile)


def is_result_file(path: str) -> bool:
    """Whether a repository's path is a result file in a model's folder."""
    folder, _, name = path.rpartition("/")
    return bool(folder) and name.startswith("results") and name.endswith(".json")


def copied_from(path: str) -> str:
    """For a copy, as browsers and desktops name copies, the path of the original; else the path itself."""
    return _COPY.sub("", path.removesuffix(".json")) + ".json"


def decode(raw: bytes) -> ResultFile:
    """The values of the keys that we read. Raises RefusedError and nothing else, for any bytes."""
    if is_lfs_pointer(raw):
        raise RefusedError("file|lfs_pointer", "a git-LFS pointer instead of the result file")
    try:
        content = _decoder.decode(raw)
        said_of_tasks(content)
        return content
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass  # the harness writes NaN, which strict JSON lacks: the standard library's reader accepts it
    try:
        loaded = json_value(raw)
    except ValueError as error:
        raise RefusedError("file|json", f"not JSON: {error}") from None
    if not isinstance(loaded, dict) or not isinstance(loaded.get("results"), dict):
        raise RefusedError("file|shape", "JSON, but without the object 'results' that a result file has")
    try:
        for name in _RAW:
            if name in loaded:
                loaded[name] = msgspec.Raw(json.dumps(loaded[name], ensure_ascii=False).encode())
        content = msgspec.convert(loaded, ResultFile)
        said_of_tasks(content)
        return content
    except (msgspec.ValidationError, ValueError, RecursionError) as error:
        raise RefusedError("file|shape", f"not the shape of a result file: {error}") from None


@dataclass(frozen=True, eq=False)
class SaidOfTasks:
    """What a file says of its tasks, by task: their versions, their numbers of examples, and of questions; `asks_part` is true if
    one of them asked only a part of its questions. Files that say it in the same words share one."""

    versions: Mapping[str, Any]
    n_shot: Mapping[str, Any]
    n_samples: Mapping[str, Any]
    asks_part: bool


def said_of_tasks(content: ResultFile) -> SaidOfTasks:
    """Raises ValueError, and nothing else, for what is not JSON."""
    return _said(*map(bytes, (content.versions, content.n_shot, content.n_samples, content.n_samples_too)))


@lru_cache(_REMEMBERED)
def _said(*texts: bytes) -> SaidOfTasks:
    versions, n_shot, n_samples, n_samples_too = (mapping(_value(text)) for text in texts)
    samples = flat(n_samples or n_samples_too)
    return SaidOfTasks(versions, n_shot, samples, _asks_part(samples))


def _value(text: bytes) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return json_value(text)


def flat(block: Mapping[str, Any]) -> dict[str, Any]:
    """The block with every mapping of mappings in it replaced by its content."""
    flat: dict[str, Any] = {}
    for key, values in block.items():
        is_nested = isinstance(values, dict) and bool(values) and all(isinstance(v, dict) for v in values.values())
        flat.update(values if is_nested else {key: values})
    return flat


def run_of(content: ResultFile, path: str, *, asks_part: bool) -> Run:
    """The run that the file at `path` describes; `asks_part` is that of what it says of its tasks.

    Raises RefusedError for a file outside a model's folder.
    """
    config = {**mapping(content.params), **mapping(content.config), **mapping(content.config_general)}
    folder, _, file_name = path.rpartition("/")
    stem = copied_from(file_name).removeprefix("results_").removesuffix(".json")
    arguments = config.get("model_args")
    # lighteval keeps them in a separate object since version 0.10.
    made_with = mapping(config.get("model_config"))
    arguments = ",".join(
        filter(None, [arguments if isinstance(arguments, str) else _joined(arguments), _joined(made_with)])
    )
    in_arguments = _PRETRAINED.search(arguments)
    names = [
        content.model_name,
        config.get("model_name"),
        made_with.get("model_name"),
        in_arguments and in_arguments[1],
    ]
    model_name = _model_of(folder, [name for name in names if isinstance(name, str)])
    pinned = _REVISION.search(arguments)
    own_sha = str(config.get("model_sha") or "")
    sha = own_sha if _SHA.match(own_sha) else pinned[1] if pinned else None
    run_id = f"{sha[:12] if sha else 'sha unknown'} {stem}"
    return Run(
        model_name=model_name,
        # The same file in a folder of another name is another run.
        run_id=shortened(run_id if model_name == folder else f"{run_id} in {folder}", _MOST_ID),
        precision=_precision(config.get("model_dtype"), arguments),
        has_chat_template=_template(content, config),
        model_sha=sha,
        harness_version=_version(config.get("lighteval_sha"))
        or _text(content.git_hash)
        or _text(content.lm_eval_version),
        evaluated_on=_moment(content.date, file_name),
        params=_params(config.get("model_num_parameters")),
        is_limited=asks_part or _is_limited(config),
    )


def _model_of(folder: str, names: Sequence[str]) -> str:
    """The model that a folder of results is about; `stated` are the names in its file.

    Raises RefusedError if the folder is not a repository name and contains none of the file's names: a local path, or a
    folder too deep.
    """
    repositories = [name for name in names if _REPOSITORY.fullmatch(name)]
    parts = folder.split("/")
    for name in repositories:
        if _UNSAFE.sub("__", name) in parts:
            return name
    if _FOLDER.fullmatch(folder):
        return folder
    for name in repositories:
        if f"/{name}/" in f"/{folder}/":
            return name
    raise RefusedError(
        "file|place",
        f"the folder {folder[:200]!r} is not a repository name, ORG/NAME, and contains none of the names in the file, so the"
        " model is unknown",
    )


def _is_limited(config: Mapping[str, Any]) -> bool:
    return any(value not in (None, "", 0, "null") for value in (config.get("limit"), config.get("max_samples")))


def _asks_part(samples: Mapping[str, Any]) -> bool:
    asked = ((count(sizes.get("effective")), count(sizes.get("original"))) for sizes in map(mapping, samples.values()))
    return any(effective is not None and original is not None and effective < original for effective, original in asked)


def _template(content: ResultFile, config: Mapping[str, Any]) -> bool | None:
    template = config.get("use_chat_template", config.get("chat_template"))
    if isinstance(template, bool):
        return template
    if content.chat_template or content.chat_template_sha or template:
        return True
    # The newer harness always writes the key, null if no template was used; the older one had no templates.
    return False if content.chat_template is None or content.git_hash is not None else None


def _precision(dtype: object, arguments: str) -> str:
    match = _DTYPE.search(arguments)
    if packed := _QUANTIZED.search(arguments):
        return packed[1].lower()  # as the leaderboard calls it; the dtype is then that of the arithmetic
    name = _text(dtype) or (match[1] if match else None)
    if not name or name == "auto":
        return "unknown"
    return name.removeprefix("torch.")[:40]


def _params(value: object) -> int | None:
    # The harness writes -1 if it could not count.
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 63 else None


def _moment(value: object, file_name: str) -> date | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 4e9:
        return datetime.fromtimestamp(float(value), UTC).date()
    match = _FILE_TIME.search(file_name)
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None


def _joined(arguments: object) -> str:
    return ",".join(f"{name}={value}" for name, value in mapping(arguments).items())


def count(value: object) -> int | None:
    """The value if it is a plausible number of questions or shots, the effective one of several; else null."""
    if isinstance(value, dict):
        value = value.get("effective", value.get("original"))
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**7 else None


def _version(value: object) -> str | None:
    """lighteval writes a question mark if it does not know its own."""
    return version if (version := _text(value)) != "?" else None


def _text(value: object) -> str | None:
    return value.strip()[:80] if isinstance(value, str) and value.strip() else None
