"""Request files of the Open LLM Leaderboards: one per model and precision, with its date and its outcome.

A request is not a result: it may be pending, failed, or for a model that the table no longer shows. So the number of
submissions depends on what is counted; mart.community_velocity counts each way separately.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, RefusedError, SourceFile
from leaderboard_etl.sources.description import Source, Work
from leaderboard_etl.sources.records import Records
from leaderboard_etl.sources.shared.values import is_lfs_pointer, json_value, moment, number, text

_PATH = re.compile(r"(?:[^/]+/)?[^/]+_eval_request_(?:True|False)_[^/]+\.json")
_MOST_BYTES = 1 << 16
_MOST_BILLIONS = 9e4
# Keys of a request that are read, and those that are left out on purpose: who sent it (a person), popularity,
# and the bookkeeping of the leaderboard's cluster.
_READ_KEYS = {"model", "base_model", "revision", "precision", "params", "architectures", "weight_type", "status"}
_READ_KEYS |= {"submitted_time", "model_type", "use_chat_template", "license"}
_LEFT_OUT_KEYS = {
    "sender",
    "likes",
    "job_id",
    "job_start_time",
    "private",
    "still_on_hub",
    "tags",
    "downloads",
    "created_at",
}


def is_request(path: str) -> bool:
    """Whether a file is a request: `<owner>/<model>_eval_request_False_<precision>_<weight type>.json`."""
    return _PATH.fullmatch(path) is not None


def parse_requests(source_id: str, files: Sequence[SourceFile]) -> Parsed:
    """One submission per file, with the size that it states. A file that is not a request, or has unknown keys, is
    quarantined."""
    records = Records(source_id)
    for file in files:
        try:
            name, request = _submission(file)
            params, reason = _params(request.pop("params"))
        except RefusedError as error:
            records.refuse(file, error.rule, str(error), file.content[:500], target="submissions")
            continue
        records.add("submissions", file, "file", source_name=name, **request)
        key = {"source_name": name, "precision": request["precision"]}
        records.size(file, "file", method="leaderboard", params=params, reason=reason, **key)
    return records.parsed(len(files))


def _submission(file: SourceFile) -> tuple[str, dict[str, Any]]:
    """The model's name, and the columns of its submission with `params` as the request states them."""
    request = _loaded(file)
    unknown = sorted(set(request) - _READ_KEYS - _LEFT_OUT_KEYS)
    if unknown:
        raise RefusedError("file|keys", f"a request with unknown keys: {', '.join(unknown[:10])[:300]}")
    name, status = text(request.get("model")), text(request.get("status"))
    if name is None or status is None:
        raise RefusedError("file|keys", "a request without model or status")
    if not file.version.path.lower().startswith(f"{name.lower()}_eval_request_"):
        raise RefusedError("file|name", f"the file is about {name[:100]}, but its name is of another model")
    submitted_at = _time(request.get("submitted_time"))
    is_chat = request.get("use_chat_template")
    return name, {
        "precision": text(request.get("precision")) or "unknown",
        "status": status.upper(),
        "submitted_at": submitted_at,
        "model_sha": text(request.get("revision")),
        "model_type": text(request.get("model_type")),
        "weight_type": text(request.get("weight_type")),
        "architecture": text(request.get("architectures")),
        "base_model_text": text(request.get("base_model")),
        "license_text": text(request.get("license")),
        "has_chat_template": is_chat if isinstance(is_chat, bool) else None,
        "params": request.get("params"),
    }


def _loaded(file: SourceFile) -> dict[str, Any]:
    if len(file.content) > _MOST_BYTES:
        raise RefusedError("file|size", f"{len(file.content):,} bytes, over the limit of {_MOST_BYTES:,} for a request")
    if is_lfs_pointer(file.content):
        raise RefusedError("file|lfs_pointer", "a git-LFS pointer instead of the request")
    try:
        request = json_value(file.content)
    except ValueError as error:
        raise RefusedError("file|json", f"not JSON: {error}") from error
    if not isinstance(request, dict):
        raise RefusedError("file|json", f"a {type(request).__name__}, not an object")
    return request


def _time(value: object) -> datetime | None:
    """UTC; a date alone is its midnight. Null if there is none."""
    written = text(value)
    if written is None:
        return None
    parsed = moment(written)
    if parsed is None:
        raise RefusedError("submitted_at|date", f"submitted_time is not an ISO 8601 date: {written[:60]}")
    if not 2022 <= parsed.year < 2100:
        raise RefusedError("submitted_at|date", f"submitted_time is before there was a leaderboard: {written[:60]}")
    return parsed


def _params(value: object) -> tuple[int | None, str | None]:
    """Billions as a count; the leaderboard writes 0 or -1 if it could not tell."""
    billions = number(value)
    # Less than one parameter is not a size either.
    if billions is None or not 1e-9 <= billions < _MOST_BILLIONS:
        return None, f"the request says {str(value)[:100]}"
    return round(billions * 1e9), None


def requests_source(
    source_id: str, *, title: str, repo_id: str, leaderboard: str, work: str, may_be_absent: bool = False
) -> Source:
    """The description of a leaderboard's requests; `work` is what to cite."""

    def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
        return parse_requests(source_id, files)

    return Source(
        source_id=source_id,
        title=title,
        repo_type="dataset",
        repo_id=repo_id,
        wants=is_request,
        parse=parse,
        reported_by=(),
        leaderboard=leaderboard,
        submissions="request",
        # A request repeats what the submitter's repository stated that day.
        has_repeated_sizes=True,
        may_be_absent=may_be_absent,
        left_out="who sent a request, likes, downloads, tags, jobs of the cluster",
        left_out_because="persons, popularity, bookkeeping",
        works=(
            Work(work, "Apache-2.0 (card of the dataset)", f"https://huggingface.co/datasets/{repo_id}", "Apache-2.0"),
        ),
    )
