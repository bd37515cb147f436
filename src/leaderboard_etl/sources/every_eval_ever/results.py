"""From the results of a record to rows of history, by policy/eee_evaluations.csv: which evaluation is which variant.

What a record says about its own evaluation must agree with the row: the bounds of its metric always, the number of questions
and the subset if the row names them. An evaluation without a row is counted as drift.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import RefusedError, SourceFile, place, refusal
from leaderboard_etl.sources.every_eval_ever.collections import SOURCE_ID, canonical
from leaderboard_etl.sources.every_eval_ever.record import Record, details_of, plain
from leaderboard_etl.sources.shared.settings import NO_SETTING, stated_setting
from leaderboard_etl.sources.shared.values import moment, number, shortened, text, web_link

_MOST_TEXT = 200
_YEARS = range(2017, 2100)
_SCALES = {"proportion": "fraction", "percent": "percent"}
_BY_MOST = {1.0: "fraction", 100.0: "percent"}
_REPORTED_BY = {
    "first_party": "vendor",
    "third_party": "third_party",
    "collaborative": "vendor",
    "other": "third_party",
}
_IS_VERIFIED = {"first_party": False, "third_party": True}
# A leaderboard that lists what vendors reported beside what it ran says so of each record, in its own words.
_SELF_REPORTED = re.compile(r"se(lf|fl)[- _]?reported", re.IGNORECASE)
# The roles of prices in policy/eee_evaluations.csv, and their unit.
_PRICES = ("input_price", "output_price")
_PRICE_UNIT = "usd_per_1m_tokens"
_QUESTIONS = re.compile(r"\bsum=(\d+)")

Row = dict[str, Any]
Rule = Mapping[str, Any]


class ResultError(RefusedError):
    """A result that is not believed, with the text that breaks the rule."""

    def __init__(self, rule: str, reason: str, offending_text: object) -> None:
        super().__init__(rule, reason)
        self.offending_text = offending_text


@dataclass
class Statements:
    """What some records say: rows of history's tables, and refused ones. `unknown` counts evaluations without a row of
    policy, by collection and name."""

    scores: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    prices: list[Row] = field(default_factory=list)
    refused: list[Row] = field(default_factory=list)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)


class Rules:
    """policy/eee_evaluations.csv by collection, and the variants that it names."""

    def __init__(self, policy: Policy) -> None:
        self.benchmarks = {row["variant_id"]: row for row in policy.benchmarks.iter_rows(named=True)}
        self._by_collection: dict[str, list[Rule]] = {}
        for row in policy.frame("eee_evaluations", younger=("collection",)).iter_rows(named=True):
            self._by_collection.setdefault(row["collection"], []).append(row)
        collections = policy.frame("eee_collections", younger=("collection",)).iter_rows(named=True)
        self.evaluators = {row["collection"]: row.get("evaluator") for row in collections}

    def find(self, collection: str, evaluation: str) -> Rule | None:
        """The first row whose pattern matches the whole name; null if there is none."""
        rules = self._by_collection.get(collection, [])
        return next((r for r in rules if re.fullmatch(r["evaluation_pattern"], evaluation, re.IGNORECASE)), None)


def read_results(file: SourceFile, collection: str, record: Record, rules: Rules, statements: Statements) -> None:
    """Adds what one record says to `statements`."""
    n_before = len(statements.scores) + len(statements.parts)
    asked: dict[str, _Asked] = {}
    for index, result in enumerate(record.results):
        evaluation = text(result.get("evaluation_name"))
        locator = f"evaluation_results[{index}]"
        rule = None if evaluation is None else rules.find(collection, evaluation)
        if evaluation is None:
            reason = "a result without evaluation_name"
            statements.refused.append(_refused(file, record, "result|shape", reason, result, locator))
        elif rule is None:
            statements.unknown[collection, evaluation[:_MOST_TEXT]] += 1
        elif rule["role"] != "left_out":
            try:
                if rule["role"] in _PRICES:
                    asked[rule["role"]] = _Asked(_usd(result, evaluation), locator, _link(result) or rule["source_url"])
                    continue
                _add(statements, file, record, result, evaluation, rule, rules, locator)
            except ResultError as error:
                statements.refused.append(_refused(file, record, error.rule, str(error), error.offending_text, locator))
    if len(statements.scores) + len(statements.parts) > n_before:
        statements.models.append(_model(file, record))
    # What is given away has no price.
    if asked.keys() == set(_PRICES) and any(price.usd for price in asked.values()):
        statements.prices.append(_price(file, record, asked["input_price"], asked["output_price"], rules))
    elif len(asked) == 1:
        (price,) = asked.values()
        reason = "a price of input or of output without the other"
        statements.refused.append(_refused(file, record, "price|pair", reason, price.usd, price.locator, "prices"))


@dataclass(frozen=True)
class _Asked:
    """What a record says a million tokens cost, where in it, and its link."""

    usd: float
    locator: str
    link: str


def _usd(result: Mapping[str, Any], evaluation: str) -> float:
    """The US dollars for a million tokens. Raises ResultError for another unit, or anything but a number from 0."""
    metric, details = details_of(result, "metric_config"), details_of(result, "score_details")
    usd = number(details.get("score")) if not isinstance(details.get("score"), str) else None
    unit = plain(metric.get("metric_unit"))
    if usd is None or unit != _PRICE_UNIT or metric.get("lower_is_better") is not True:
        raise ResultError(
            "metric_config|scale", f"not a price in {_PRICE_UNIT} where less is better", f"{evaluation} = {usd} {unit}"
        )
    return usd


def _price(file: SourceFile, record: Record, asked_input: _Asked, asked_output: _Asked, rules: Rules) -> Row:
    return {
        **_common(file, record, asked_input.locator),
        "run_id": _run(file, record),
        "provider": rules.evaluators.get(canonical(file.version.path.split("/")[1])) or record.publisher,
        "priced_on": date.fromordinal(date(1970, 1, 1).toordinal() + int(record.retrieved_s // 86400)),
        "input_usd_per_mtok": asked_input.usd,
        "output_usd_per_mtok": asked_output.usd,
        "source_url": asked_input.link,
        "retrieved_s": record.retrieved_s,
    }


def _add(
    statements: Statements,
    file: SourceFile,
    record: Record,
    result: Mapping[str, Any],
    evaluation: str,
    rule: Rule,
    rules: Rules,
    locator: str,
) -> None:
    is_vendors = record.relationship == "first_party" or _is_self_reported(record)
    variant_id = (is_vendors and rule["vendor_variant_id"]) or rule["variant_id"]
    value, unit = _value(result, evaluation)
    _expect_evaluation(result, evaluation, rule)
    row = {
        **_common(file, record, locator),
        "run_id": _run(file, record),
        "score_raw": value,
        "stderr_raw": _stderr(result),
        "reported_by": "vendor" if is_vendors else _REPORTED_BY[record.relationship],
        "evaluated_on": _day(text(result.get("evaluation_timestamp")) or record.evaluated_at),
        "retrieved_s": record.retrieved_s,
    }
    if rule["role"] == "score":
        row |= {
            "variant_id": variant_id,
            "setting": _setting(result, record),
            "score_unit": unit,
            "is_verified": False if is_vendors else _IS_VERIFIED.get(record.relationship),
            "protocol": rule["protocol"],
            "source_url": _link(result) or rule["source_url"],
        }
        statements.scores.append(row)
        return
    benchmark = rules.benchmarks[rule["variant_id"]]
    is_part = rule["role"] == "part"
    match = re.fullmatch(rule["evaluation_pattern"], evaluation, re.IGNORECASE)
    part = match[1] if match and match.re.groups else evaluation
    slug = re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_")
    row |= {
        "task": f"{rule['variant_id']}:{slug}"[:_MOST_TEXT] if is_part else rule["variant_id"],
        "metric": benchmark["metric"] if is_part else "acc",
        "metric_filter": "none",
        "benchmark_id": benchmark["benchmark_id"],
        "subtask": slug[:_MOST_TEXT] if is_part else None,
    }
    statements.parts.append(row)


def _common(file: SourceFile, record: Record, locator: str) -> Row:
    return {
        "source_id": SOURCE_ID,
        "source_name": shortened(record.model, _MOST_TEXT),
        "precision": plain(record.details.get("precision")) or "unknown",
        **place(file.version),
        "locator": locator,
    }


def _run(file: SourceFile, record: Record) -> str:
    """What distinguishes records of one model, except for when they were retrieved: collection, source and platform."""
    collection = canonical(file.version.path.split("/")[1])
    publisher = None if canonical(record.publisher) == collection else record.publisher
    parts = [collection, publisher, plain(record.source_details.get("leaderboard_data_source")), record.platform]
    return shortened(", ".join(dict.fromkeys(filter(None, parts))), _MOST_TEXT)


def _model(file: SourceFile, record: Record) -> Row:
    availability = plain(record.details.get("model_availability"))
    return {
        **_common(file, record, "model_info"),
        "display_name": shortened(record.display_name, _MOST_TEXT),
        "openness": {"open_weights": "open_weights", "closed_weights": "proprietary"}.get(availability or ""),
        "released_on": _day(plain(record.details.get("release_date"))),
        "retrieved_s": record.retrieved_s,
    }


def _is_self_reported(record: Record) -> bool:
    return _SELF_REPORTED.search(plain(record.source_details.get("leaderboard_data_source")) or "") is not None


def _value(result: Mapping[str, Any], evaluation: str) -> tuple[float, str]:
    """The score and its unit, as the record's own metric states both."""
    metric, details = details_of(result, "metric_config"), details_of(result, "score_details")
    value = number(details.get("score")) if not isinstance(details.get("score"), str) else None
    if value is None:
        raise ResultError("score_raw|number", "score_details.score is not a number", details.get("score"))
    least, most = number(metric.get("min_score")), number(metric.get("max_score"))
    unit = _SCALES.get(plain(metric.get("metric_unit")) or "") or _BY_MOST.get(most if most is not None else math.nan)
    score_and_bounds = f"{evaluation} = {value} of {least} to {most}"
    if metric.get("lower_is_better") is not False or unit is None or least != 0:
        raise ResultError(
            "metric_config|scale",
            "its metric is not a share from 0 to 1 or to 100 where more is better",
            score_and_bounds,
        )
    if not 0 <= value <= (1 if unit == "fraction" else 100):
        raise ResultError("score_raw|range", "the score is outside the bounds of its own metric", score_and_bounds)
    return value, unit


def _expect_evaluation(result: Mapping[str, Any], evaluation: str, rule: Rule) -> None:
    """Raises ResultError if the record names another set of questions than the row of policy."""
    details = details_of(result, "score_details", "details")
    counted = _questions(details)
    if rule["n_questions"] and counted is not None and counted % int(rule["n_questions"]):
        reason = (
            f"of {counted} questions where policy/eee_evaluations.csv says {rule['n_questions']}: another evaluation"
        )
        raise ResultError("result|questions", reason, evaluation)
    subset = plain(details_of(result, "generation_config", "additional_details").get("subset"))
    if rule["subset"] and subset is not None and subset != rule["subset"]:
        reason = (
            f"of the subset {subset[:60]} where policy/eee_evaluations.csv says {rule['subset']}: another evaluation"
        )
        raise ResultError("result|subset", reason, evaluation)


def _questions(details: Mapping[str, Any]) -> int | None:
    """How many questions HELM counted over all runs and trials of an evaluation; null if the record does not say. Newer adapters
    write the object as JSON."""
    for name, detail in details.items():
        if name.endswith("# eval"):
            if isinstance(detail, str):
                try:
                    detail = json.loads(detail)
                except (ValueError, RecursionError):
                    continue
            match = _QUESTIONS.search(text(details_of({"it": detail}, "it").get("description")) or "")
            return int(match[1]) if match and int(match[1]) else None
    return None


def _stderr(result: Mapping[str, Any]) -> float | None:
    """The standard error as stated, else by the schema's own formula from the deviation; null: not stated, or negative."""
    uncertainty = details_of(result, "score_details", "uncertainty")
    standard_error = uncertainty.get("standard_error")
    stderr = number(standard_error.get("value") if isinstance(standard_error, Mapping) else standard_error)
    if stderr is None:
        deviation, count = number(uncertainty.get("standard_deviation")), number(uncertainty.get("num_samples"))
        stderr = deviation / math.sqrt(count) if deviation is not None and count is not None and count > 1 else None
    return stderr if stderr is not None and stderr >= 0 else None


def _setting(result: Mapping[str, Any], record: Record) -> str:
    """Reasoning effort, thinking budget and tools as the result's configuration states them, else as the model's name does."""
    config = details_of(result, "generation_config")
    details = details_of(config, "additional_details")
    tools = details_of(config, "generation_args", "agentic_eval_config").get("available_tools")
    effort = plain(details.get("reasoning_effort")) or plain(details.get("compute_effort"))
    parts = [effort, "tools" if isinstance(tools, list) and tools else None]
    if setting := ", ".join(part for part in parts if part):
        return shortened(setting, 80)
    return stated_setting(record.display_name) or stated_setting(record.model) or NO_SETTING


def _link(result: Mapping[str, Any]) -> str | None:
    source = details_of(result, "source_data")
    links = source.get("url")
    repo = text(source.get("hf_repo"))
    if isinstance(links, list) and links and (link := web_link(links[0])):
        return link
    return web_link(f"https://huggingface.co/datasets/{repo}") if repo else None


def _day(value: str | None) -> date | None:
    seconds = number(value)
    at = moment(value) if seconds is None else None
    if seconds is not None and 1e9 < seconds < 4.1e9:
        return date.fromordinal(date(1970, 1, 1).toordinal() + int(seconds // 86400))
    return at.date() if at is not None and at.year in _YEARS else None


def _refused(
    file: SourceFile,
    record: Record,
    rule: str,
    reason: str,
    offending_text: object,
    locator: str,
    target: str = "scores",
) -> Row:
    return refusal(
        SOURCE_ID,
        file.version,
        target=target,
        rule=rule,
        reason=reason,
        text=offending_text,
        locator=locator,
        source_name=record.model,
    )


def unread(file: SourceFile, rule: str, reason: str) -> Row:
    """A file that is not a record, as a row of quarantine."""
    beginning = file.content[:300]
    return refusal(SOURCE_ID, file.version, target="file", rule=rule, reason=reason, text=beginning, locator="file")


def drift_subjects(unknown: Counter[tuple[str, str]]) -> Sequence[tuple[str, list[tuple[str, int]]]]:
    """Unknown evaluations by collection, the most frequent first."""
    by_collection: dict[str, list[tuple[str, int]]] = {}
    for (collection, evaluation), count in sorted(unknown.items(), key=lambda item: (-item[1], item[0])):
        by_collection.setdefault(collection, []).append((evaluation, count))
    return sorted(by_collection.items())
