"""One record of Every Eval Ever, schema 0.2 and 0.3: bytes to checked values, or the reason why the file is not a record.

https://github.com/evaleval/every_eval_ever describes the schema. Only what is read is checked; fields that nobody reads may
come and go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leaderboard_etl.sources.base import RefusedError
from leaderboard_etl.sources.shared.values import is_lfs_pointer, json_value, moment, number, text

MOST_BYTES = 4 << 20
_MOST_RESULTS = 2000
_EPOCH = datetime(1970, 1, 1)
_KNOWN_SCHEMA = re.compile(r"0\.[23]\.\d{1,4}")
_RELATIONSHIPS = ("first_party", "third_party", "collaborative", "other")
# Seconds since 1970 as the adapters write them; a figure outside is in another unit.
_EARLIEST_S, _LATEST_S = 1.5e9, 4.1e9


@dataclass(frozen=True)
class Record:
    """A record. `model` is the id that its adapter coined, `publisher` the source that it was read from, `retrieved_s` when
    (seconds since 1970). `relationship` is that of evaluator and model; `platform` where the model was run, null where the
    record does not say; `details` hold what the record says about the model, `source_details` about its source, each as text.
    `results` are objects as in the file."""

    schema_version: str
    model: str
    display_name: str
    publisher: str
    relationship: str
    retrieved_s: float
    evaluated_at: str | None
    platform: str | None
    details: Mapping[str, Any]
    source_details: Mapping[str, Any]
    results: list[Mapping[str, Any]]


def read_record(content: bytes) -> Record:
    """Raises RefusedError for anything but a record of a known schema."""
    if is_lfs_pointer(content):
        raise RefusedError("record|syntax", "a git-LFS pointer instead of the record")
    if len(content) > MOST_BYTES:
        raise RefusedError("record|syntax", f"{len(content):,} bytes, over the limit of {MOST_BYTES:,}")
    try:
        loaded = json_value(content)
    except ValueError as error:
        raise RefusedError("record|syntax", f"not JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise RefusedError("record|shape", "JSON, but not an object")
    version = text(loaded.get("schema_version"))
    if version is None or not _KNOWN_SCHEMA.fullmatch(version):
        raise RefusedError("record|schema", f"schema {version or 'not stated'}; this reader knows 0.2 and 0.3")
    source, model = _object(loaded, "source_metadata"), _object(loaded, "model_info")
    relationship = _required_text(source, "source_metadata.evaluator_relationship")
    if relationship not in _RELATIONSHIPS:
        raise RefusedError("record|shape", f"evaluator_relationship is {relationship!r}: not one of the schema's")
    results = loaded.get("evaluation_results")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise RefusedError("record|shape", "evaluation_results is not a list of objects")
    if len(results) > _MOST_RESULTS:
        raise RefusedError("record|shape", f"{len(results):,} results in one record, over {_MOST_RESULTS:,}")
    platform = text(model.get("inference_platform"))
    return Record(
        version,
        _required_text(model, "model_info.id"),
        _required_text(model, "model_info.name"),
        text(source.get("source_name")) or _required_text(source, "source_metadata.source_organization_name"),
        relationship,
        _seconds(loaded.get("retrieved_timestamp")),
        text(loaded.get("evaluation_timestamp")),
        None if platform is None or platform.lower() == "unknown" else platform,
        _details(model),
        _details(source),
        results,
    )


def details_of(part: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The object at a path of names within a result; empty if there is none."""
    for name in names:
        inner = part.get(name)
        if not isinstance(inner, Mapping):
            return {}
        part = inner
    return part


def plain(value: object) -> str | None:
    """A detail as text: newer adapters write texts as JSON, in quotes of their own."""
    detail = text(value)
    return detail.strip('"') or None if detail else None


def _object(loaded: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = loaded.get(name)
    if not isinstance(value, dict):
        raise RefusedError("record|shape", f"{name} is missing or not an object")
    return value


def _required_text(part: Mapping[str, Any], path: str) -> str:
    value = text(part.get(path.rpartition(".")[2]))
    if value is None:
        raise RefusedError("record|shape", f"{path} is missing or not text")
    return value


def _details(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return details_of(part, "additional_details")


def _seconds(value: object) -> float:
    """Seconds since 1970 as a number, or a time of ISO 8601: adapters write either."""
    seconds = number(value)
    if seconds is None and (at := moment(value)) is not None:
        seconds = (at - _EPOCH).total_seconds()
    if seconds is None or not _EARLIEST_S < seconds < _LATEST_S:
        raise RefusedError(
            "record|shape", f"retrieved_timestamp {str(value)[:60]!r} is not a time in seconds since 1970"
        )
    return seconds
