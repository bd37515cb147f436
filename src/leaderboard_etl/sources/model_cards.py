"""Model repositories: what the Hub's API says of them, the front matter of their cards, and their config.json.

Read here: licence, base model, dates, exact sizes from safetensors headers, geometry, and scores of `model-index`.
Left out on purpose: languages, likes, downloads, training data lists, scores of benchmarks that policy/card_metrics.csv
does not list, and v2 leaderboard results in cards (normalised values, which the v2 table has with their raw ones).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from leaderboard_etl.normalize.architecture import config_parameters
from leaderboard_etl.normalize.parameters import safetensors_total
from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, Source, SourceFile, place, refuse, stage, staged_schema
from leaderboard_etl.sources.front_matter import FrontMatterError, read_front_matter, strings
from leaderboard_etl.sources.values import number, text, web_link

SOURCE_ID = "model_cards"
INFO_PATH = "@api/model_info.json"
ABSENT_PATH = "@api/absent.json"
# Repositories older than the Hub's own records carry this creation date.
_FLOOR = datetime(2022, 3, 3)
_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")

Row = dict[str, Any]


@dataclass
class _Records:
    """Rows as they are found; frames are made once at the end."""

    scores: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    parameter_claims: list[Row] = field(default_factory=list)
    quarantine: list[pl.DataFrame] = field(default_factory=list)

    def refuse(
        self, file: SourceFile, rule: str, reason: str, text: object, locator: str, target: str = "file"
    ) -> None:
        name = file.version.repo_id
        self.quarantine.append(
            refuse(
                SOURCE_ID,
                file.version,
                target=target,
                rule=rule,
                reason=reason,
                text=text,
                locator=locator,
                source_name=name,
            )
        )


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every file by itself; one that cannot be read is one quarantined record."""
    metrics = list(policy.frame("card_metrics").iter_rows(named=True))
    records = _Records()
    for file in files:
        if file.version.path == INFO_PATH:
            _read_info(file, records)
        elif file.version.path == ABSENT_PATH:
            records.models.append(_statement(file, "unavailable", is_available=False))
        elif file.version.path == "README.md":
            _read_card(file, metrics, records)
        elif file.version.path == "config.json":
            _read_config(file, records)
    frames = {
        target: stage(target, pl.DataFrame(rows, schema_overrides=staged_schema(target), infer_schema_length=None))
        for target, rows in (
            ("scores", records.scores),
            ("models", records.models),
            ("parameter_claims", records.parameter_claims),
        )
        if rows
    }
    parsed = Parsed(source_rows=len(files))
    for target, frame in frames.items():
        setattr(parsed, target, frame)
    if records.quarantine:
        parsed.quarantine = pl.concat(records.quarantine)
    return parsed


def _read_info(file: SourceFile, records: _Records) -> None:
    info = _json_object(file, records)
    if info is None:
        return
    card = _mapping(info.get("cardData"))
    tags = strings(info.get("tags"))
    license_text = _license(card) or next((t.removeprefix("license:") for t in tags if t.startswith("license:")), None)
    records.models.append(
        _statement(
            file,
            "id",
            hub_id=text(info.get("id")),
            model_sha=text(info.get("sha")),
            license_text=license_text,
            base_model_text=_base(card),
            is_merge=True if "merge" in (tag.lower() for tag in tags) else None,
            is_available=not info.get("disabled"),
            created_at=_created(info.get("createdAt")),
        )
    )
    weights = info.get("safetensors")
    if isinstance(weights, dict) and isinstance(weights.get("parameters"), dict):
        is_quantized = any(re.search(r"\b(gptq|awq|4-?bit|8-?bit|bnb|gguf|exl2|mlx)\b", t.lower()) for t in tags)
        total = weights.get("total")
        params, reason = safetensors_total(
            weights["parameters"], total if isinstance(total, int) else None, is_quantized=is_quantized
        )
        records.parameter_claims.append(_claim(file, "safetensors", params, reason, "safetensors.parameters"))


def _read_card(file: SourceFile, metrics: list[dict[str, Any]], records: _Records) -> None:
    try:
        card = read_front_matter(file.content)
    except FrontMatterError as error:
        records.refuse(
            file, "card|yaml", f"the front matter cannot be read: {error}", file.content[:300], "front matter"
        )
        return
    if not card:
        return
    records.models.append(
        _statement(file, "front matter", license_text=_license(card), base_model_text=_base(card), hub_id=None)
    )
    for result in _results(card.get("model-index"), file, records):
        _read_result(result, file, metrics, records)


def _results(index: object, file: SourceFile, records: _Records) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(key path, result) of a model-index in its forms: a list of models, or one model without its list."""
    if index in (None, "", []):
        return
    models = [index] if isinstance(index, dict) else index
    if not isinstance(models, list):
        records.refuse(file, "model-index|shape", "model-index is no list of models", index, "model-index", "scores")
        return
    for place_, model in enumerate(models):
        results = model.get("results") if isinstance(model, dict) else None
        if results in (None, "", []):
            continue
        if not isinstance(results, list):
            where = f"model-index[{place_}].results"
            records.refuse(file, "model-index|shape", "results is no list", results, where, "scores")
            continue
        for row, result in enumerate(results):
            where = f"model-index[{place_}].results[{row}]"
            if isinstance(result, dict):
                yield where, result
            else:
                records.refuse(file, "model-index|shape", "a result is no mapping", result, where, "scores")


def _read_result(
    found: tuple[str, Mapping[str, Any]], file: SourceFile, metrics: list[dict[str, Any]], records: _Records
) -> None:
    where, result = found
    dataset = result.get("dataset")
    dataset = dataset if isinstance(dataset, dict) else {}
    names = [name for key in ("name", "type") if (name := text(dataset.get(key)))]
    values = result.get("metrics")
    for index, metric in enumerate(values if isinstance(values, list) else []):
        if not isinstance(metric, dict):
            continue
        kinds = [kind for key in ("type", "name") if (kind := text(metric.get(key)))]
        rule = next((rule for rule in metrics if _matches(rule, names, kinds)), None)
        if rule is None:
            continue
        locator = f"{where}.metrics[{index}]"
        value = number(metric.get("value"))
        if value is None:
            stated = metric.get("value")
            records.refuse(file, "score_raw|number", "the value is not a number", stated, locator, "scores")
            continue
        unit, stated = _unit(str(metric.get("value")), value, rule["unit_rule"])
        verified = str(metric.get("verified", "")).lower()
        source = result.get("source")
        records.scores.append(
            {
                **_base_row(file),
                "variant_id": rule["variant_id"],
                "precision": "unknown",
                "has_chat_template": "unknown",
                "run_id": "n/a",
                "score_raw": value,
                "score_unit": unit,
                "n_shot": _shots(dataset),
                "reported_by": "vendor_model_index",
                "is_verified": verified == "true",
                "protocol": stated,
                "source_url": web_link(source.get("url")) if isinstance(source, dict) else None,
                "locator": locator,
            }
        )


def _read_config(file: SourceFile, records: _Records) -> None:
    config = _json_object(file, records)
    if config is None:
        return
    inner, ffn = _mapping(config.get("text_config")), _mapping(config.get("ffn_config"))
    experts = [value for scope in (config, inner, ffn) for key in _EXPERTS if isinstance(value := scope.get(key), int)]
    records.models.append(
        _statement(
            file,
            "architectures",
            architecture=next(iter(strings(config.get("architectures"))), None),
            is_moe=max(experts, default=0) > 1,
        )
    )
    size = config_parameters(config)
    for kind, params in (("total", size.total), ("active", size.active)):
        records.parameter_claims.append(_claim(file, "config", params, size.reason, "geometry", kind=kind))


def _statement(file: SourceFile, locator: str, **facts: object) -> Row:
    return {**_base_row(file), "precision": "n/a", "locator": locator, **facts}


def _claim(
    file: SourceFile, method: str, params: int | None, reason: str | None, locator: str, *, kind: str = "total"
) -> Row:
    return {
        **_base_row(file),
        "precision": "n/a",
        "kind": kind,
        "method": method,
        "params": params,
        "reason": reason,
        "locator": locator,
    }


def _base_row(file: SourceFile) -> Row:
    return {"source_id": SOURCE_ID, "source_name": file.version.repo_id, **place(file.version)}


def _json_object(file: SourceFile, records: _Records) -> dict[str, Any] | None:
    try:
        loaded = json.loads(file.content)
    except (ValueError, RecursionError) as error:
        records.refuse(file, "file|json", f"not JSON: {error}", file.content[:300], "file")
        return None
    if isinstance(loaded, dict):
        return loaded
    records.refuse(file, "file|json", "JSON, but no object", file.content[:300], "file")
    return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _license(card: Mapping[str, Any]) -> str | None:
    """The licence; where it is only 'other', the name that the card gives it."""
    stated = next(iter(strings(card.get("license"))), None)
    name = next(iter(strings(card.get("license_name"))), None)
    return name if name and stated in (None, "other") else stated


def _base(card: Mapping[str, Any]) -> str | None:
    return next(iter(strings(card.get("base_model"))), None)


def _created(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return moment if moment >= _FLOOR else None


def _matches(rule: Mapping[str, Any], names: list[str], kinds: list[str]) -> bool:
    return any(re.search(rule["dataset_pattern"], name, re.IGNORECASE) for name in names) and any(
        re.search(rule["metric_pattern"], kind, re.IGNORECASE) for kind in kinds
    )


def _unit(text: str, value: float, rule: str) -> tuple[str, str | None]:
    """Unit and, where it was not stated but follows from the range, a note of that."""
    if "%" in text:
        return "percent", None
    if rule == "by_range":
        unit = "fraction" if 0 <= value <= 1 else "percent"
        return unit, f"unit not stated; {unit} by its range"
    return rule, None


def _shots(dataset: Mapping[str, Any]) -> int | None:
    arguments = dataset.get("args")
    shots = arguments.get("num_few_shot") if isinstance(arguments, dict) else None
    return int(shots) if isinstance(shots, str) and re.fullmatch(r"\d{1,3}", shots) else None


SOURCE = Source(
    source_id=SOURCE_ID,
    description="Model repositories that the tables name: API answer, card, config",
    repo_type="model",
    repo_id="",
    wants=lambda path: path in (INFO_PATH, ABSENT_PATH, "README.md", "config.json"),
    parse=parse,
)
