"""Evaluation results that model repositories publish in `.eval_results/*.yaml`, and the Hub's own answers about them.

The format leaves the unit open (https://huggingface.co/docs/hub/eval-results), so policy/eval_tasks.csv says it per task:
a value not above its `above_raw` could be a fraction or a percentage, and is refused. Results of benchmarks that it names with
the reason why they are left out are not loaded; those that it does not name are counted as drift, and an unknown task of one
that it loads is refused, for task ids change. The leaderboard that the Hub shows of a benchmark's dataset names no task, so
it says which models to ask, not what they scored.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import Parsed, Source, SourceFile, place, refusal, refusals, stage, staged_schema
from leaderboard_etl.sources.front_matter import read_yaml
from leaderboard_etl.sources.values import json_value, number, text, web_link

SOURCE_ID = "eval_results"
API_PATH = "@api/eval_results.json"
BOARD_PATH = "@api/leaderboard.json"
FOLDER = ".eval_results/"
_MOST_BYTES = 1 << 20
_MOST_ENTRIES = 1000
_MOST_DRIFT = 50
_MOST_TEXT = 200
_YEARS = range(2017, 2100)

Row = dict[str, Any]


@dataclass
class _Found:
    """What some files say. `unknown` counts entries by dataset and task that no policy row knows."""

    rules: list[dict[str, Any]]
    scores: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    unknown: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def refuse(self, file: SourceFile, rule: str, reason: str, shown: object, locator: str, target: str) -> None:
        where = {"locator": locator, "source_name": file.version.repo_id}
        self.quarantine.append(
            refusal(SOURCE_ID, file.version, target=target, rule=rule, reason=reason, text=shown, **where)
        )


def wants(path: str) -> bool:
    """Whether `parse` reads a file of this path."""
    return path in (API_PATH, BOARD_PATH) or (path.startswith(FOLDER) and path.endswith((".yaml", ".yml")))


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Scores, one row an entry; what cannot be read is quarantined, and nothing raises.

    `run_id` is the name of the entry's file, with a number from the second entry of the same variant in it.
    `is_verified` is what the Hub's answer says, or in a file whether the entry carries a token; the token is not checked.
    """
    found = _Found(list(policy.frame("eval_tasks").iter_rows(named=True)))
    for file in files:
        if file.version.path == BOARD_PATH:
            _read_board(file, found)
            continue
        taken: Counter[tuple[str, str]] = Counter()
        for index, item in _entries(file, found):
            _read_entry(file, index, item, taken, found)
    parsed = Parsed(source_rows=len(files), drift=_drift(found))
    if found.scores:
        frame = pl.DataFrame(found.scores, schema_overrides=staged_schema("scores"), infer_schema_length=None)
        parsed.scores = stage("scores", frame)
    if found.models:
        frame = pl.DataFrame(found.models, schema_overrides=staged_schema("models"), infer_schema_length=None)
        parsed.models = stage("models", frame)
    parsed.quarantine = refusals(found.quarantine)
    return parsed


def models_on(board: object) -> list[str]:
    """The models that a dataset's leaderboard names, each once, in its order."""
    entries = board if isinstance(board, list) else []
    names = [text(entry.get("modelId")) for entry in entries if isinstance(entry, dict)]
    return list(dict.fromkeys(name for name in names if name is not None))


def _read_board(file: SourceFile, found: _Found) -> None:
    try:
        board = json_value(file.content)
    except ValueError as error:
        found.refuse(file, "eval_results|syntax", f"no JSON: {error}", file.content[:300], "file", "file")
        return
    for index, name in enumerate(models_on(board)):
        row = {"source_id": SOURCE_ID, "source_name": name, "hub_id": name, "precision": "n/a"}
        found.models.append({**row, **place(file.version), "locator": f"[{index}]"})


def _entries(file: SourceFile, found: _Found) -> Iterator[tuple[int, object]]:
    try:
        loaded = _load(file)
    except ValueError as error:
        reason = f"the evaluation results cannot be read: {error}"
        found.refuse(file, "eval_results|syntax", reason, file.content[:300], "file", "file")
        return
    if loaded in (None, "", []):
        return
    if not isinstance(loaded, list):
        found.refuse(file, "eval_results|shape", "no list of results", file.content[:300], "file", "file")
        return
    if len(loaded) > _MOST_ENTRIES:
        reason = f"{len(loaded):,} results in one file; those after the first {_MOST_ENTRIES:,} are not read"
        found.refuse(file, "eval_results|length", reason, len(loaded), f"[{_MOST_ENTRIES}]", "file")
    yield from enumerate(loaded[:_MOST_ENTRIES])


def _load(file: SourceFile) -> object:
    if len(file.content) > _MOST_BYTES:
        raise ValueError(f"{len(file.content):,} bytes, over the limit of {_MOST_BYTES:,}")
    if file.version.path != API_PATH:
        return read_yaml(file.content.decode("utf-8"))
    answer = json_value(file.content)
    if not isinstance(answer, dict):
        raise ValueError("JSON, but no object")
    return answer.get("evalResults")


def _read_entry(file: SourceFile, index: int, item: object, taken: Counter[tuple[str, str]], found: _Found) -> None:
    where = f"[{index}]"
    # The API wraps an entry with what the Hub knows of it; a file holds the entry itself.
    outer = item if isinstance(item, dict) else {}
    if "error" in outer:
        reason = "the Hub could not read this file of results"
        found.refuse(file, "eval_results|hub", reason, text(outer["error"]), where, "scores")
        return
    entry = outer.get("data", outer)
    dataset = entry.get("dataset") if isinstance(entry, dict) else None
    dataset_id, task_id = (text(dataset.get(key)) if isinstance(dataset, dict) else None for key in ("id", "task_id"))
    if dataset_id is None or task_id is None:
        reason = "an entry without dataset.id and dataset.task_id"
        found.refuse(file, "eval_results|shape", reason, item, where, "scores")
        return
    rule = next((rule for rule in found.rules if _matches(rule, dataset_id, task_id)), None)
    if rule is None and any(known["variant_id"] and _is_of(known, dataset_id) for known in found.rules):
        reason = (
            f"policy/eval_tasks.csv loads {dataset_id[:_MOST_TEXT]} and has no row for its task {task_id[:_MOST_TEXT]}"
        )
        found.refuse(file, "eval_results|task", reason, item, where, "scores")
        return
    if rule is None:
        found.unknown[dataset_id[:_MOST_TEXT]][task_id[:_MOST_TEXT]] += 1
        return
    if rule.get("left_out_because"):  # a load of before this column is replayed with the policy of its day
        return
    value = number(entry.get("value"))
    if value is None:
        shown = text(entry.get("value")) or type(entry.get("value")).__name__
        found.refuse(file, "score_raw|number", "the value is not a number", shown, where, "scores")
        return
    if rule["above_raw"] is not None and value <= float(rule["above_raw"]):
        reason = f"not above {rule['above_raw']}: with unit {rule['unit']} below any guess, so perhaps another unit"
        found.refuse(file, "score_raw|unit", reason, f"{rule['variant_id']} = {value}", where, "scores")
        return
    stated = text(entry.get("date"))
    evaluated_on = _date(stated)
    if stated is not None and evaluated_on is None:
        found.refuse(file, "evaluated_on|date", "no ISO 8601 date from 2017 on", stated, where, "scores")
        return
    name = PurePosixPath(text(outer.get("filename")) or file.version.path).name[:_MOST_TEXT]
    taken[name, rule["variant_id"]] += 1
    nth = taken[name, rule["variant_id"]]
    notes = text(entry.get("notes"))
    source = entry.get("source")
    is_verified = bool(text(entry.get("verifyToken"))) if outer is entry else outer.get("verified") is True
    found.scores.append(
        {
            "source_id": SOURCE_ID,
            "source_name": file.version.repo_id,
            **place(file.version),
            "variant_id": rule["variant_id"],
            "precision": "unknown",
            "has_chat_template": "unknown",
            "run_id": name if nth == 1 else f"{name}#{nth}",
            "score_raw": value,
            "score_unit": rule["unit"],
            # A result in an open pull request is not (yet) the vendor's.
            "reported_by": "community" if outer.get("pullRequest") else "vendor_eval_results",
            "is_verified": is_verified,
            "protocol": f"{dataset_id} {task_id}" + (f": {notes[:_MOST_TEXT]}" if notes else ""),
            "evaluated_on": evaluated_on,
            "source_url": web_link(source.get("url")) if isinstance(source, dict) else None,
            "locator": where,
        }
    )


def _is_of(rule: Mapping[str, Any], dataset_id: str) -> bool:
    return bool(rule["dataset_id"].lower() == dataset_id.lower())


def _matches(rule: Mapping[str, Any], dataset_id: str, task_id: str) -> bool:
    return _is_of(rule, dataset_id) and re.search(rule["task_id_pattern"], task_id, re.IGNORECASE) is not None


def _date(stated: str | None) -> date | None:
    try:
        found = datetime.fromisoformat(stated or "").date()
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def _drift(found: _Found) -> list[Drift]:
    """One finding a dataset, the most frequent first."""
    datasets = sorted(found.unknown, key=lambda name: (-found.unknown[name].total(), name))
    findings = [
        Drift(
            SOURCE_ID,
            "unknown_benchmark",
            name,
            f"{found.unknown[name].total()} results left out: policy/eval_tasks.csv has no row for"
            f" {', '.join(task for task, _ in found.unknown[name].most_common(5))}",
        )
        for name in datasets[:_MOST_DRIFT]
    ]
    if rest := datasets[_MOST_DRIFT:]:
        count = sum(found.unknown[name].total() for name in rest)
        message = f"{count} results of {len(rest)} further datasets left out: not in policy/eval_tasks.csv"
        findings.append(Drift(SOURCE_ID, "unknown_benchmark", "further datasets", message))
    return findings


SOURCE = Source(
    source_id=SOURCE_ID,
    description="Evaluation results that model repositories publish, and leaderboards of benchmark datasets",
    repo_type="model",
    repo_id="",
    wants=wants,
    parse=parse,
)
