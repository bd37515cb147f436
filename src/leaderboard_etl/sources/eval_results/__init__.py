"""Evaluation results that model repositories publish in `.eval_results/*.yaml`, and the Hub's own answers about them.

The format leaves the unit open (https://huggingface.co/docs/hub/eval-results), so policy/eval_tasks.csv states it per task:
a value not above its `above_raw` could be a fraction or a percentage, and is refused. An entry from before task ids were
required belongs to the task that its configuration names, or to the only one of its dataset. Results of benchmarks that policy
leaves out with a reason are not loaded; unknown benchmarks are counted as drift; an unknown task of a loaded benchmark is
refused, because task ids change. Whose number it is follows from the address of its source (attribution.py). The leaderboard
that the Hub shows for a benchmark's dataset names no task, so it says which models to ask, not what they scored.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.description import Source, Work
from leaderboard_etl.sources.eval_results.attribution import (
    THIRD_PARTY,
    VENDOR,
    CopiedError,
    former_names,
    reporter_of,
)
from leaderboard_etl.sources.records import Records
from leaderboard_etl.sources.shared.front_matter import Contradiction, contradictions, read_documents
from leaderboard_etl.sources.shared.values import (
    is_lfs_pointer,
    is_of_several_tries,
    json_value,
    measured,
    moment,
    shortened,
    text,
    web_link,
)

SOURCE_ID = "eval_results"
API_PATH = "@api/eval_results.json"
BOARD_PATH = "@api/leaderboard.json"
FOLDER = ".eval_results/"
_MOST_BYTES = 1 << 20
_MOST_ENTRIES = 1000
_MOST_DRIFT = 50
_MOST_TEXT = 200
_YEARS = range(2017, 2100)


@dataclass
class _Results:
    """The records of some files, by the rules of policy. `unknown` counts entries by dataset and task without a policy row;
    `renamed` are former names of models."""

    rules: list[dict[str, Any]]
    renamed: dict[str, str]
    records: Records = field(default_factory=lambda: Records(SOURCE_ID, by_repository=True))
    unknown: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def wants(path: str) -> bool:
    """Whether `parse` reads a file at this path."""
    return path in (API_PATH, BOARD_PATH) or (path.startswith(FOLDER) and path.endswith((".yaml", ".yml")))


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Scores, one row per entry; an unreadable entry is quarantined, and nothing raises.

    `run_id` is the name of the entry's file, with a number from the second entry of the same variant in it.
    `is_verified` is the Hub's answer or, in a file, whether the entry has a token; the token is not checked.
    """
    results = _Results(list(policy.frame("eval_tasks").iter_rows(named=True)), former_names(policy))
    for file in files:
        if file.version.path == BOARD_PATH:
            _read_board(file, results)
            continue
        n_scores: Counter[tuple[str, str]] = Counter()
        for index, item in _entries(file, results):
            _read_entry(file, index, item, n_scores, results)
    return results.records.parsed(len(files), _drift(results))


def models_on(board: object) -> list[str]:
    """The models that a dataset's leaderboard names, each once, in its order."""
    entries = board if isinstance(board, list) else []
    names = [text(entry.get("modelId")) for entry in entries if isinstance(entry, dict)]
    return list(dict.fromkeys(name for name in names if name is not None))


def _read_board(file: SourceFile, results: _Results) -> None:
    try:
        board = json_value(file.content)
    except ValueError as error:
        results.records.refuse(file, "eval_results|syntax", f"not JSON: {error}", file.content[:300], "file", "file")
        return
    for index, name in enumerate(models_on(board)):
        results.records.model(file, f"[{index}]", source_name=name, hub_id=name)


def _entries(file: SourceFile, results: _Results) -> Iterator[tuple[int, object]]:
    try:
        loaded = _load(file)
    except ValueError as error:
        reason = f"the evaluation results cannot be read: {error}"
        results.records.refuse(file, "eval_results|syntax", reason, file.content[:300], "file", "file")
        return
    entries: list[object] = []
    for document in loaded:
        if isinstance(document, list):
            entries += document
        elif isinstance(document, dict) and {"dataset", "data"} & document.keys():
            entries.append(document)
        elif document not in (None, ""):
            results.records.refuse(
                file, "eval_results|shape", "not a list of results", file.content[:300], "file", "file"
            )
    for where, contradiction in contradictions(entries):
        reason = f"the key {where} occurs more than once with different values: none of them is believed"
        results.records.refuse(file, "eval_results|repeated_key", reason, contradiction, where, "file")
    if len(entries) > _MOST_ENTRIES:
        reason = f"{len(entries):,} results in one file; those after the first {_MOST_ENTRIES:,} are not read"
        results.records.refuse(file, "eval_results|length", reason, len(entries), f"[{_MOST_ENTRIES}]", "file")
    yield from enumerate(entries[:_MOST_ENTRIES])


def _load(file: SourceFile) -> list[object]:
    if is_lfs_pointer(file.content):
        raise ValueError("a git-LFS pointer instead of the file")
    if len(file.content) > _MOST_BYTES:
        raise ValueError(f"{len(file.content):,} bytes, over the limit of {_MOST_BYTES:,}")
    if file.version.path != API_PATH:
        return read_documents(file.content.decode("utf-8"))
    answer = json_value(file.content)
    if not isinstance(answer, dict):
        raise ValueError("JSON, but not an object")
    return [answer.get("evalResults")]


def _read_entry(
    file: SourceFile, index: int, item: object, n_scores: Counter[tuple[str, str]], results: _Results
) -> None:
    where = f"[{index}]"
    # The API wraps an entry in what the Hub knows about it; a file holds the entry itself.
    outer = item if isinstance(item, dict) else {}
    if "error" in outer:
        reason = "the Hub could not read this file of results"
        results.records.refuse(file, "eval_results|hub", reason, text(outer["error"]), where, "scores")
        return
    entry = outer.get("data", outer)
    dataset = entry.get("dataset") if isinstance(entry, dict) else None
    dataset = dataset if isinstance(dataset, dict) else {}
    dataset_id, task_id = text(dataset.get("id")), text(dataset.get("task_id"))
    if dataset_id is None or (task_id is None and dataset.get("task_id") not in (None, "")):
        reason = "an entry without dataset.id, or whose dataset.task_id is not text"
        results.records.refuse(file, "eval_results|shape", reason, item, where, "scores")
        return
    task = task_id or text(dataset.get("config"))
    rules_of_dataset = [rule for rule in results.rules if rule["dataset_id"].lower() == dataset_id.lower()]
    rule = _rule(rules_of_dataset, task)
    if rule is None and any(row["variant_id"] for row in rules_of_dataset):
        if task is None:
            reason = f"an entry without dataset.task_id, and {dataset_id[:_MOST_TEXT]} has several tasks"
            results.records.refuse(file, "eval_results|shape", reason, item, where, "scores")
        else:
            reason = (
                f"policy/eval_tasks.csv loads {dataset_id[:_MOST_TEXT]} and has no row for its task {task[:_MOST_TEXT]}"
            )
            results.records.refuse(file, "eval_results|task", reason, item, where, "scores")
        return
    if rule is None and not rules_of_dataset:
        results.unknown[dataset_id[:_MOST_TEXT]][task[:_MOST_TEXT] if task else "no task"] += 1
    # A load from before this column is replayed with the policy of its day.
    if rule is None or rule.get("left_out_because"):
        return
    notes = text(entry.get("notes"))
    if (metric := next(filter(is_of_several_tries, _metric_texts(entry)), None)) is not None:
        reason = "it says that it counts several tries at each question, or a vote: another metric"
        results.records.refuse(file, "eval_results|metric", reason, metric, where, "scores")
        return
    value = measured(entry.get("value"))
    if value is None:
        raw_value = entry.get("value")
        raw_text = raw_value if isinstance(raw_value, Contradiction) else text(raw_value) or type(raw_value).__name__
        results.records.refuse(file, "score_raw|number", "the value is not a number", raw_text, where, "scores")
        return
    if rule["above_raw"] is not None and 0 <= value.value <= float(rule["above_raw"]) and not value.has_percent:
        reason = f"not above {rule['above_raw']}: in {rule['unit']} less than guessing gives, so perhaps another unit"
        results.records.refuse(file, "score_raw|unit", reason, f"{rule['variant_id']} = {value.value}", where, "scores")
        return
    source = entry.get("source")
    source_url = web_link(source.get("url")) if isinstance(source, dict) else None
    try:
        reported_by = reporter_of(source_url, file.version.repo_id, results.renamed)
    except CopiedError as error:
        reason = f"copied from the card of another model, {error}: a score of that model, not of this one"
        results.records.refuse(file, "eval_results|copied", reason, source_url, where, "scores")
        return
    evaluated_on = _date(entry.get("date"))
    if evaluated_on is None and (raw_date := entry.get("date")) not in (None, ""):
        reason = "not an ISO 8601 date from 2017 on; the score is kept without it"
        results.records.refuse(file, "evaluated_on|date", reason, raw_date, where, "scores")
    # By the path below the folder: two files of one name in two subfolders are two runs.
    name = shortened((text(outer.get("filename")) or file.version.path).removeprefix(FOLDER), _MOST_TEXT)
    n_scores[name, rule["variant_id"]] += 1
    nth = n_scores[name, rule["variant_id"]]
    protocol = f"{dataset_id[:_MOST_TEXT]} {task[:_MOST_TEXT] if task else '(no task named)'}"
    is_verified = bool(text(entry.get("verifyToken"))) if outer is entry else outer.get("verified") is True
    results.records.score(
        file,
        where,
        variant_id=rule["variant_id"],
        run_id=name if nth == 1 else f"{name}#{nth}",
        score_raw=value.value,
        score_unit=rule["unit"],
        # A result in an open pull request is not (yet) the vendor's.
        reported_by="community" if outer.get("pullRequest") else reported_by,
        is_verified=is_verified,
        protocol=": ".join(filter(None, [protocol, value.deviation, notes and notes[:_MOST_TEXT]])),
        evaluated_on=evaluated_on,
        source_url=source_url,
    )


def _metric_texts(entry: Mapping[str, Any]) -> Iterator[str]:
    """What an entry says of its metric: in its notes, or in a field that the format does not have, in any form."""
    values: list[object] = [entry.get(key) for key in ("notes", "metric", "metrics", "metric_name", "name")]
    while values:
        value = values.pop()
        if isinstance(value, dict | list):
            values += value.values() if isinstance(value, dict) else value
        elif (words := text(value)) is not None:
            yield words


def _rule(rules: Sequence[Mapping[str, Any]], task: str | None) -> Mapping[str, Any] | None:
    """The row for a task of a dataset; for an entry without a task the only row, or any if no row is loaded."""
    if task is not None:
        return next((row for row in rules if re.search(row["task_id_pattern"], task, re.IGNORECASE)), None)
    is_clear = len(rules) == 1 or not any(row["variant_id"] for row in rules)
    return rules[0] if rules and is_clear else None


def _date(value: object) -> date | None:
    """The day in UTC."""
    parsed = moment(value)
    return parsed.date() if parsed is not None and parsed.year in _YEARS else None


def _drift(results: _Results) -> list[Drift]:
    """One line of drift per dataset, the most frequent first."""
    datasets = sorted(results.unknown, key=lambda name: (-results.unknown[name].total(), name))
    drift = [
        Drift(
            SOURCE_ID,
            "unknown_benchmark",
            name,
            f"{results.unknown[name].total()} results left out: policy/eval_tasks.csv has no row for"
            f" {', '.join(task for task, _ in results.unknown[name].most_common(5))}",
        )
        for name in datasets[:_MOST_DRIFT]
    ]
    if rest := datasets[_MOST_DRIFT:]:
        count = sum(results.unknown[name].total() for name in rest)
        message = f"{count} results of {len(rest)} further datasets left out: not in policy/eval_tasks.csv"
        drift.append(Drift(SOURCE_ID, "unknown_benchmark", "further datasets", message))
    return drift


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Evaluation results that model repositories publish, and leaderboards of benchmark datasets",
    repo_type="model",
    wants=wants,
    parse=parse,
    reported_by=(VENDOR, THIRD_PARTY, "community"),
    is_braked=False,
    left_out="benchmarks that `policy/eval_tasks.csv` gives a reason to leave out; results whose source is another model's card;"
    " ranks on a dataset's leaderboard",
    left_out_because="other benchmarks are not part of the project; a copied score belongs to the other model, and is in"
    " quarantine; a rank names no task",
    works=(
        Work(
            "Evaluation results in model repositories on the Hugging Face Hub (.eval_results)",
            "each repository's own",
            "https://huggingface.co/docs/hub/eval-results",
        ),
    ),
)
