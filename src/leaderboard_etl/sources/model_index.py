"""Scores in the `model-index` of a card's front matter (https://huggingface.co/docs/hub/model-cards#evaluation-results).

The first row of policy/card_metrics.csv that fits a result says which score it is; one without a variant leaves it out. Left out
on purpose: benchmarks that it does not list, and results of the Open LLM Leaderboard's second version, which stand there as
normalised values; its table has them with the raw ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard_etl.sources.base import SourceFile
from leaderboard_etl.sources.card_cells import shots
from leaderboard_etl.sources.card_records import Records, mapping
from leaderboard_etl.sources.values import number, text, web_link


def read_model_index(
    index: object,
    file: SourceFile,
    metrics: Sequence[Mapping[str, Any]],
    baselines: Mapping[str, float | None],
    records: Records,
) -> None:
    """Adds the scores of `index`; `metrics` is policy/card_metrics.csv, `baselines` the random baseline of each variant in
    policy/benchmarks.csv. What cannot be read is quarantined."""
    taken: Counter[str] = Counter()
    for where, result in _results(index, file, records):
        _read_result(where, result, file, metrics, baselines, taken, records)


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
    metrics: Sequence[Mapping[str, Any]],
    baselines: Mapping[str, float | None],
    taken: Counter[str],
    records: Records,
) -> None:
    dataset = _Dataset.of(result.get("dataset"))
    values = result.get("metrics")
    values = [values] if isinstance(values, dict) else values
    if not isinstance(values, list):
        if values not in (None, "") and any(dataset.is_of(rule) for rule in metrics):
            records.refuse(file, "model-index|shape", "metrics is no list", values, f"{where}.metrics", "scores")
        return
    for index, metric in enumerate(values):
        if not isinstance(metric, dict):
            continue
        kinds = [kind for key in ("type", "name") if (kind := text(metric.get(key)))]
        rule = next((rule for rule in metrics if _is_metric(rule, kinds) and dataset.is_of(rule)), None)
        if rule is None or rule["variant_id"] is None:
            continue
        locator = f"{where}.metrics[{index}]"
        stated = metric.get("value")
        value = number(stated)
        if value is None:
            records.refuse(file, "score_raw|number", "the value is not a number", stated, locator, "scores")
            continue
        unit, note = _unit(str(stated), value, rule["unit_rule"], baselines.get(rule["variant_id"]))
        if unit is None:
            records.refuse(file, "score_raw|unit", note or "", stated, locator, "scores")
            continue
        taken[rule["variant_id"]] += 1
        nth = taken[rule["variant_id"]]
        records.score(
            file,
            locator,
            variant_id=rule["variant_id"],
            run_id="n/a" if nth == 1 else f"model-index#{nth}",
            score_raw=value,
            score_unit=unit,
            n_shot=dataset.n_shot,
            reported_by="vendor_model_index",
            # Anybody can write `verified: true`; the Hub's own evaluations carry a token, which is not checked.
            is_verified=str(metric.get("verified", "")).lower() == "true" and bool(text(metric.get("verifyToken"))),
            protocol=note,
            source_url=web_link(mapping(result.get("source")).get("url")),
        )


@dataclass(frozen=True)
class _Dataset:
    """What a result is about: `names` that the policy may match, the configuration (empty where there is none), and the number
    of examples (null: not stated)."""

    names: tuple[str, ...]
    config: str
    n_shot: int | None

    @classmethod
    def of(cls, stated: object) -> _Dataset:
        dataset = mapping(stated) or {"name": stated}
        names = [name for key in ("name", "type") if (name := text(dataset.get(key)))]
        in_name, n_shot = next((n for n in map(shots, names) if n is not None), None), _shots(dataset)
        with_shots = [f"{names[0]}, {n_shot}-shot"] if names and in_name is None and n_shot is not None else []
        return cls((*with_shots, *names), text(dataset.get("config")) or "", in_name if n_shot is None else n_shot)

    def is_of(self, rule: Mapping[str, Any]) -> bool:
        is_named = any(re.search(rule["dataset_pattern"], name, re.IGNORECASE) for name in self.names)
        config = rule.get("config_pattern")  # a load of before this column is replayed with the policy of its day
        return is_named and (config is None or re.search(config, self.config, re.IGNORECASE) is not None)


def _is_metric(rule: Mapping[str, Any], kinds: Sequence[str]) -> bool:
    # `code_eval` is the metric of one try and of a hundred: its name says which.
    has_more_tries = any(re.match(r"pass(?:@|_at_)(?!1(?!\d))\d", kind, re.IGNORECASE) for kind in kinds)
    return not has_more_tries and any(re.search(rule["metric_pattern"], kind, re.IGNORECASE) for kind in kinds)


def _unit(stated: str, value: float, rule: str, baseline: float | None) -> tuple[str | None, str | None]:
    """Unit and, where it was not stated but follows from the range, a note of that. The unit is null, with the reason as note,
    where a figure in percent would be less than guessing gives."""
    if "%" in stated:
        return "percent", None
    if rule == "by_range":
        unit = "fraction" if 0 <= value <= 1 else "percent"
        return unit, f"unit not stated; {unit} by its range"
    if rule == "percent" and value <= 1 and baseline:
        return None, "not above 1 where percentages belong, and less than guessing gives: perhaps a fraction"
    return rule, None


def _shots(dataset: Mapping[str, Any]) -> int | None:
    arguments = mapping(dataset.get("args"))
    stated = arguments.get("num_few_shot", arguments.get("num_fewshot"))
    return int(stated) if isinstance(stated, str) and re.fullmatch(r"\d{1,3}", stated) else None
