"""Scores in the `model-index` of a card's front matter (https://huggingface.co/docs/hub/model-cards#evaluation-results).

Left out on purpose: benchmarks that policy/card_metrics.csv does not list, and results of the Open LLM Leaderboard's second
version, which stand there as normalised values; its table has them with the raw ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from leaderboard_etl.sources.base import SourceFile
from leaderboard_etl.sources.card_records import Records, mapping
from leaderboard_etl.sources.values import number, text, web_link

_MORE_TRIES = re.compile(r"pass(?:@|_at_)(?!1(?!\d))\d", re.IGNORECASE)
# Benchmarks and metrics are called the same from card to card: each set of names is looked up once.
_REMEMBERED = 1 << 12


class MetricRules:
    """Which row of policy/card_metrics.csv a result's dataset and metric fall under."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = [(_pattern(row["dataset_pattern"]), _pattern(row["metric_pattern"]), row) for row in rows]
        self.knows = lru_cache(_REMEMBERED)(self._knows)
        self.rule = lru_cache(_REMEMBERED)(self._rule)

    def _knows(self, names: tuple[str, ...]) -> bool:
        """Whether any row is about a dataset of these names."""
        return any(dataset.search(name) for dataset, _, _ in self._rows for name in names)

    def _rule(self, names: tuple[str, ...], kinds: tuple[str, ...]) -> Mapping[str, Any] | None:
        """The first row for a dataset of these names and a metric of these kinds; null where the policy knows none."""
        # `code_eval` is the metric of one try and of a hundred: its name says which.
        if any(_MORE_TRIES.match(kind) for kind in kinds):
            return None
        for dataset, metric, row in self._rows:
            if any(metric.search(kind) for kind in kinds) and any(dataset.search(name) for name in names):
                return row
        return None


def _pattern(stated: str) -> re.Pattern[str]:
    return re.compile(stated, re.IGNORECASE)


def read_model_index(index: object, file: SourceFile, metrics: MetricRules, records: Records) -> None:
    """Adds the scores of `index`. What cannot be read is quarantined."""
    for where, result in _results(index, file, records):
        _read_result(where, result, file, metrics, records)


def _results(index: object, file: SourceFile, records: Records) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(key path, result) of a model-index in its forms: a list of models, or one model without its list."""
    if index in (None, "", []):
        return
    models = [index] if isinstance(index, dict) else index
    if not isinstance(models, list):
        records.refuse(file, "model-index|shape", "model-index is no list of models", index, "model-index", "scores")
        return
    for nth, model in enumerate(models):
        results = mapping(model).get("results")
        if results in (None, "", []):
            continue
        if not isinstance(results, list):
            where = f"model-index[{nth}].results"
            records.refuse(file, "model-index|shape", "results is no list", results, where, "scores")
            continue
        for row, result in enumerate(results):
            where = f"model-index[{nth}].results[{row}]"
            if isinstance(result, dict):
                yield where, result
            else:
                records.refuse(file, "model-index|shape", "a result is no mapping", result, where, "scores")


def _read_result(
    where: str,
    result: Mapping[str, Any],
    file: SourceFile,
    metrics: MetricRules,
    records: Records,
) -> None:
    dataset = mapping(result.get("dataset"))
    names = tuple(name for key in ("name", "type") if (name := text(dataset.get(key))))
    values = result.get("metrics")
    values = [values] if isinstance(values, dict) else values
    if not isinstance(values, list):
        if values not in (None, "") and metrics.knows(names):
            records.refuse(file, "model-index|shape", "metrics is no list", values, f"{where}.metrics", "scores")
        return
    for index, metric in enumerate(values):
        if not isinstance(metric, dict):
            continue
        rule = metrics.rule(names, tuple(kind for key in ("type", "name") if (kind := text(metric.get(key)))))
        if rule is None:
            continue
        locator = f"{where}.metrics[{index}]"
        stated = metric.get("value")
        value = number(stated)
        if value is None:
            records.refuse(file, "score_raw|number", "the value is not a number", stated, locator, "scores")
            continue
        unit, note = _unit(str(stated), value, rule["unit_rule"])
        records.score(
            file,
            locator,
            variant_id=rule["variant_id"],
            score_raw=value,
            score_unit=unit,
            n_shot=_shots(dataset),
            reported_by="vendor_model_index",
            is_verified=str(metric.get("verified", "")).lower() == "true",
            protocol=note,
            source_url=web_link(mapping(result.get("source")).get("url")),
        )


def _unit(stated: str, value: float, rule: str) -> tuple[str, str | None]:
    """Unit and, where it was not stated but follows from the range, a note of that."""
    if "%" in stated:
        return "percent", None
    if rule == "by_range":
        unit = "fraction" if 0 <= value <= 1 else "percent"
        return unit, f"unit not stated; {unit} by its range"
    return rule, None


def _shots(dataset: Mapping[str, Any]) -> int | None:
    stated = mapping(dataset.get("args")).get("num_few_shot")
    return int(stated) if isinstance(stated, str) and re.fullmatch(r"\d{1,3}", stated) else None
