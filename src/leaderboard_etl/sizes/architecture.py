"""The size of a model by the geometry in its config.json: the sum over the blocks of its family in families.py.

It counts the weights of the language model, without vision towers and without layers for multi-token prediction, which are
dropped after training; these are counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leaderboard_etl.sizes.blocks import Weights
from leaderboard_etl.sizes.facts import CannotTellError, Facts
from leaderboard_etl.sizes.families import FAMILIES, Family

# The reason of a count of the language model of several parts.
TEXT_ALONE = "of the text model alone"
_MOST_PARAMS = 10**14
_MOST_LAYERS = 1000
# Where the config of a model of several parts describes its language model.
_LANGUAGE = ("thinker_config", "text_config", "language_config", "llm_config")
# Keys that state a number of experts to choose from: not how many are chosen or shared, how wide or in what groups they are.
_EXPERTS = re.compile(r"experts?(?:_num|_count)?$")
_NO_CHOICE = re.compile(r"per_|shared|zero|group|chosen|selected|active|top|layer")


@dataclass(frozen=True)
class ConfigSize:
    """Parameters as counts; `active` are all but the routed experts that a token does not visit, with embeddings if the vendor
    counts them, and null where that is not known; `embedding` are those of the input embedding alone, which a head of its own
    has as well; `prediction` are those of layers for multi-token prediction, in none of the others.

    Null with a reason if the config does not say. A count with a reason is that of a part, the text model.
    `is_moe` is null unless the config states experts, or its family is known and has none.
    """

    total: int | None
    active: int | None
    embedding: int | None
    prediction: int | None
    is_moe: bool | None
    reason: str | None
    active_reason: str | None  # the same of `active`


def config_parameters(config: Mapping[str, Any]) -> ConfigSize:
    """Parameters of the model that this config.json describes; for a multimodal one, of its text model. Never raises.

    Quantisation changes how weights are stored, not their number, so it is ignored.
    """
    has_experts = _states_experts(config)
    scope = _language_model(config)
    is_part = scope is not config or isinstance(config.get("vision_config"), Mapping)
    name = scope.get("model_type")
    family = FAMILIES.get(name) if isinstance(name, str) else None

    def unknown(reason: str) -> ConfigSize:
        return ConfigSize(None, None, None, None, has_experts or None, reason, reason)

    if family is None:
        return unknown(f"no arithmetic for the model_type {str(name)[:60]!r} of config.json")
    try:
        values = {key: value for key, value in scope.items() if value is not None}
        if scope is not config and config.get("tie_word_embeddings") is not None:
            values["tie_word_embeddings"] = config["tie_word_embeddings"]
        values["has_head"] = not _is_headless(config.get("architectures"))
        facts = Facts({**family.defaults, **family.prepare({**family.defaults, **values})})
        whole, n_idle_in_layers = _count(facts, family)
        embedding = _embedding(facts)
        prediction = _prediction(facts, family)
    except CannotTellError as error:
        return unknown(str(error))
    if whole.total > _MOST_PARAMS:
        return unknown("the geometry in config.json gives more parameters than any model has")
    if has_experts and not n_idle_in_layers:
        return unknown("config.json states experts, which this model_type does not have")
    reason = TEXT_ALONE if is_part else None
    if family.active is None:
        unproved = f"no count of this kind equals the published one for the model_type {name!r}"
        return ConfigSize(whole.total, None, embedding, prediction, n_idle_in_layers > 0, reason, unproved)
    active = whole.total - whole.idle
    return ConfigSize(whole.total, active, embedding, prediction, n_idle_in_layers > 0, reason, reason)


def _language_model(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a config that describes the language model; the config itself if it has no parts."""
    part: Any = config
    while isinstance(part, Mapping):
        config = part
        part = next((config[key] for key in _LANGUAGE if isinstance(config.get(key), Mapping)), None)
    return config


def _states_experts(config: Mapping[str, Any]) -> bool:
    """Whether the config or any object in it states several experts, as a number or as one for each kind of input."""
    return any(
        isinstance(value, int) and value > 1
        for key, values in _pairs(config)
        if _EXPERTS.search(key) and not _NO_CHOICE.search(key)
        for value in (values if isinstance(values, list) else [values])
    )


def _pairs(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every key and value in a config and in the objects and lists of objects in it."""
    left: list[Any] = [config]
    while left:
        part = left.pop()
        if isinstance(part, Mapping):
            yield from part.items()
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)


def _is_headless(architectures: object) -> bool:
    """Whether models of the class embed, classify or judge: those have no head over the vocabulary."""
    name = architectures[0] if isinstance(architectures, list) and architectures else None
    ends = ("Model", "ForSequenceClassification", "ForTokenClassification", "ForRewardModel")
    return isinstance(name, str) and name.endswith(ends) and not name.endswith("LMHeadModel")


def _count(facts: Facts, family: Family) -> tuple[Weights, int]:
    """The weights of the model, and how many of those of its layers a token does not visit."""
    layers = [family.layer(facts.at(layer)) for layer in range(facts.number("layers", most=_MOST_LAYERS))]
    in_layers = sum(layers, Weights())
    vocabulary = _embedding(facts)
    has_own_head = facts.flag("has_head", True) and not facts.flag("tie_word_embeddings", family.is_tied)
    own_head = vocabulary if has_own_head else 0
    # Beside a head of its own the embedding is only looked up; without one it is the head, which every token visits.
    looked_up = own_head
    unread = {"all": 0, "head": looked_up, "layers": vocabulary + own_head}
    ends = Weights(vocabulary + own_head, unread[family.active or "all"])
    bias = Weights(facts.number("vocab") if facts.flag("lm_head_bias") else 0)
    return in_layers + ends + bias + family.last_norm(facts) + family.around(facts), in_layers.idle


def _embedding(facts: Facts) -> int:
    return facts.number("vocab") * facts.number("hidden")


def _prediction(facts: Facts, family: Family) -> int:
    count = facts.number("prediction_layers", 0, most=_MOST_LAYERS, least=0)
    return count * family.prediction(facts.at(facts.number("layers"))).total if count else 0
