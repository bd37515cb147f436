"""Scores in the `model-index` of a card's front matter (https://huggingface.co/docs/hub/model-cards#evaluation-results).

The first row of policy/card_metrics.csv that fits a result says which score it is; one without a variant leaves it out. A value
without a unit has that of the others of its metric in the card: one above 1 makes all of them percentages. Where a card gives
fractions for all of a list that is in percent elsewhere, they are fractions.

Left out on purpose: benchmarks that the policy does not list, and results of the Open LLM Leaderboard's second version, which
are normalised values there; its table has them with the raw ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from leaderboard_etl.hyphens import plain_hyphens
from leaderboard_etl.sources.base import SourceFile
from leaderboard_etl.sources.model_cards.cells import shots
from leaderboard_etl.sources.records import Records
from leaderboard_etl.sources.shared.values import (
    Measured,
    is_deviation,
    is_of_several_tries,
    mapping,
    measured,
    text,
    web_link,
)

# Cards repeat the names of benchmarks and metrics: each set of names is looked up once.
_REMEMBERED = 1 << 12
# Splits that are the whole set as it is evaluated; any other names a part of it.
_WHOLE_SPLIT = re.compile(
    r"(test|validation|valid|val|dev|eval(uation)?|train|all|full|default|main|none|-)?", re.IGNORECASE
)
# What the name of a metric may say beside the metric itself; any other word makes it the metric of something else: a subject,
# a language, a turn, another model.
_WORD = re.compile(r"[^\W\d_]+|\S")
_PLAIN_WORD = re.compile(
    r"acc(uracy)?|norm(ali[sz]ed)?|exact|match|em|scores?|pass|avg|average|mean|macro|micro|overall|total|final|percent(age)?|pct"
    r"|value|metrics?|results?|unknown|none|na?|a|k|shots?|zero|one|few|five|cot|greedy|samples?|strict|flexible|extract|filter"
    r"|test|set|benchmark|eval(uat(ed|ion))?|of|on|in|at|for|the|with|and|using|by|to"
)
# One value below 1 among percentages is a slip; so many without one above 1 are how the whole list is written.
_FEWEST_OF_A_LIST = 3


class MetricRules:
    """Which row of policy/card_metrics.csv a result's dataset and metric fall under."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        # A load from before the column of configurations is replayed with the policy of its day.
        self._rows = [
            (
                _pattern(row["dataset_pattern"]),
                _pattern(row.get("config_pattern")),
                _pattern(row["metric_pattern"]),
                row,
            )
            for row in rows
        ]
        self.knows = lru_cache(_REMEMBERED)(self._knows)
        self.rule = lru_cache(_REMEMBERED)(self._rule)

    def _knows(self, names: tuple[str, ...], config: str) -> bool:
        """Whether any row is about a dataset with these names and this configuration."""
        return any(
            configs.search(config) and any(dataset.search(name) for name in names)
            for dataset, configs, _, _ in self._rows
        )

    def _rule(
        self, names: tuple[str, ...], types: tuple[str, ...], config: str, kinds: tuple[str, ...]
    ) -> Mapping[str, Any] | None:
        """The first row for such a dataset and a metric of these kinds; null if policy has no row.

        The names decide: a card gives a subject or a relative of a benchmark the type of the benchmark itself. The types can
        only leave a result out, and so can a metric whose other name says that it is the metric of something else.
        """
        # `code_eval` is the metric of one try and of a hundred, accuracy that of a vote as well: the other name says which.
        if any(map(is_of_several_tries, (*names, *types, *kinds))) or any(map(is_deviation, kinds)):
            return None
        for dataset, configs, metric, row in self._rows:
            others = [kind for kind in kinds if not metric.search(kind)]
            if len(others) == len(kinds) or not configs.search(config):
                continue
            if row["variant_id"] is None:
                if any(dataset.search(name) for name in (*names, *types)):
                    return row
            elif any(dataset.search(name) for name in names):
                return row if all(_is_plain(kind, (*names, *types)) for kind in others) else None
        return None


def _is_plain(kind: str, names: tuple[str, ...]) -> bool:
    """Whether a metric's name says only which data set it is of and how a plain score is counted."""
    words = set(_WORD.findall(re.sub(r"\btop[-_ ]?1\b", "accuracy", kind.lower())))
    letters = {word for word in words if word[0].isalpha()}
    words_of_names = {word for name in names for word in _WORD.findall(name.lower())}
    return bool(letters) and all(_PLAIN_WORD.fullmatch(word) for word in letters - words_of_names)


def _pattern(source: str | None) -> re.Pattern[str]:
    return re.compile(source or "", re.IGNORECASE)


def read_model_index(
    index: object,
    file: SourceFile,
    metrics: MetricRules,
    baselines: Mapping[str, float | None],
    records: Records,
) -> None:
    """Adds the scores of `index`; `baselines` is the random baseline of each variant in policy/benchmarks.csv. Unreadable
    results are quarantined."""
    n_scores: Counter[str] = Counter()
    results = list(_results(index, file, records))
    percentages = _percentages(result for _, result in results)
    is_of_fractions = _is_of_fractions((result for _, result in results), metrics)
    for where, result in results:
        _read_result(where, result, file, metrics, baselines, percentages, is_of_fractions, n_scores, records)


def _percentages(results: Iterable[Mapping[str, Any]]) -> frozenset[tuple[str, ...]]:
    """The kinds of metrics with some value that has a percent sign or is above 1."""
    metrics: set[tuple[str, ...]] = set()
    for metric in (metric for result in results for metric in _metrics(result)):
        value = measured(metric.get("value"))
        if value is not None and (value.has_percent or value.value > 1):
            metrics.add(_kinds(metric))
    return frozenset(metrics)


def _is_of_fractions(results: Iterable[Mapping[str, Any]], metrics: MetricRules) -> bool:
    """Whether the card has three or more benchmarks of one list that is in percent elsewhere, each with a fraction."""
    is_fraction_of: dict[str, bool] = {}
    for result in results:
        dataset = _Dataset.of(result.get("dataset"))
        for metric in _metrics(result):
            rule = metrics.rule(dataset.names, dataset.types, dataset.config, _kinds(metric))
            value = measured(metric.get("value"))
            if rule and rule["unit_rule"] == "percent" and value is not None:
                is_fraction = not value.has_percent and 0 <= value.value <= 1
                is_fraction_of[rule["variant_id"]] = is_fraction and is_fraction_of.get(rule["variant_id"], True)
    return len(is_fraction_of) >= _FEWEST_OF_A_LIST and all(is_fraction_of.values())


def _metrics(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The metrics of a result that are mappings; a single metric may come without a list."""
    metrics = result.get("metrics")
    return [each for each in (metrics if isinstance(metrics, list) else [metrics]) if isinstance(each, dict)]


def _kinds(metric: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(kind for key in ("type", "name") if (kind := _name(metric.get(key))))


def _name(value: object) -> str:
    return plain_hyphens(text(value) or "")


def _results(index: object, file: SourceFile, records: Records) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(key path, result) of a model-index in its forms: a list of models, or one model without its list."""
    if index in (None, "", []):
        return
    models = [index] if isinstance(index, dict) else index
    if not isinstance(models, list):
        records.refuse(file, "model-index|shape", "model-index is not a list of models", index, "model-index", "scores")
        return
    for nth, model in enumerate(models):
        results = mapping(model).get("results")
        if results in (None, "", []):
            continue
        if not isinstance(results, list):
            where = f"model-index[{nth}].results"
            records.refuse(file, "model-index|shape", "results is not a list", results, where, "scores")
            continue
        for row, result in enumerate(results):
            where = f"model-index[{nth}].results[{row}]"
            if isinstance(result, dict):
                yield where, result
            else:
                records.refuse(file, "model-index|shape", "a result is not a mapping", result, where, "scores")


def _read_result(
    where: str,
    result: Mapping[str, Any],
    file: SourceFile,
    metrics: MetricRules,
    baselines: Mapping[str, float | None],
    percentages: frozenset[tuple[str, ...]],
    is_of_fractions: bool,
    n_scores: Counter[str],
    records: Records,
) -> None:
    of_result = _Dataset.of(result.get("dataset"))
    values = result.get("metrics")
    values = [values] if isinstance(values, dict) else values
    if not isinstance(values, list):
        if values not in (None, "") and metrics.knows((*of_result.names, *of_result.types), of_result.config):
            records.refuse(file, "model-index|shape", "metrics is not a list", values, f"{where}.metrics", "scores")
        return
    for index, metric in enumerate(values):
        if not isinstance(metric, dict):
            continue
        kinds = _kinds(metric)
        # If a result names no data set, its metric may carry the name.
        dataset = of_result if of_result.names else _Dataset.of(metric.get("name"))
        rule = metrics.rule(dataset.names, dataset.types, dataset.config, kinds)
        if rule is None or rule["variant_id"] is None:
            continue
        locator = f"{where}.metrics[{index}]"
        value = measured(metric.get("value"))
        if value is None:
            raw_value = metric.get("value")
            records.refuse(file, "score_raw|number", "the value is not a number", raw_value, locator, "scores")
            continue
        baseline = baselines.get(rule["variant_id"])
        unit, note = _unit(value, rule["unit_rule"], baseline, kinds in percentages, is_of_fractions)
        if unit is None:
            records.refuse(file, "score_raw|unit", note or "", metric.get("value"), locator, "scores")
            continue
        n_scores[rule["variant_id"]] += 1
        nth = n_scores[rule["variant_id"]]
        records.score(
            file,
            locator,
            variant_id=rule["variant_id"],
            run_id="n/a" if nth == 1 else f"model-index#{nth}",
            score_raw=value.value,
            score_unit=unit,
            n_shot=dataset.n_shot,
            reported_by="vendor_model_index",
            # Anybody can write `verified: true`; the Hub's own evaluations carry a token, which is not checked.
            is_verified=str(metric.get("verified", "")).lower() == "true" and bool(text(metric.get("verifyToken"))),
            protocol="; ".join(filter(None, [note, value.deviation])) or None,
            source_url=web_link(mapping(result.get("source")).get("url")),
        )


@dataclass(frozen=True)
class _Dataset:
    """What a result is about: `names` that say which benchmark it is, the `types` beside them, the configuration or the split
    that replaces it (empty if there is none), and the number of examples (null: not stated)."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    config: str
    n_shot: int | None

    @classmethod
    def of(cls, value: object) -> _Dataset:
        dataset = mapping(value) or {"name": value}
        both = [name for key in ("name", "type") if (name := _name(dataset.get(key)))]
        in_name, n_shot = next((n for n in map(shots, both) if n is not None), None), _shots(dataset)
        with_shots = [f"{both[0]}, {n_shot}-shot"] if both and in_name is None and n_shot is not None else []
        split = text(dataset.get("split")) or ""
        config = text(dataset.get("config")) or ("" if _WHOLE_SPLIT.fullmatch(split) else split)
        names, types = (*with_shots, *both[:1]), tuple(both[1:])
        return cls(names, types, config, in_name if n_shot is None else n_shot)


def _unit(
    value: Measured, rule: str, baseline: float | None, is_among_percentages: bool, is_of_fractions: bool
) -> tuple[str | None, str | None]:
    """The unit, and a note if it is not stated but follows from ranges. The unit is null, with the reason as note, if a figure in
    percent would be less than guessing gives."""
    number = value.value
    if value.has_percent:
        return "percent", None
    if rule == "percent" and is_of_fractions:
        return "fraction", "unit not stated; fraction, for no value of its list in the card is above 1"
    if rule == "percent" and number <= 1 and baseline:
        return None, "not above 1 where percentages belong, and less than guessing gives: perhaps a fraction"
    if rule != "by_range":
        return rule, None
    if not is_among_percentages or not 0 <= number <= 1:
        unit = "fraction" if 0 <= number <= 1 else "percent"
        return unit, f"unit not stated; {unit} by its range"
    if baseline:
        return None, "not above 1 beside percentages, and less than guessing gives: perhaps a fraction"
    return "percent", "unit not stated; percent, for values of its metric beside it are above 1"


def _shots(dataset: Mapping[str, Any]) -> int | None:
    arguments = mapping(dataset.get("args"))
    n_examples = arguments.get("num_few_shot", arguments.get("num_fewshot"))
    return int(n_examples) if isinstance(n_examples, str) and re.fullmatch(r"\d{1,3}", n_examples) else None
