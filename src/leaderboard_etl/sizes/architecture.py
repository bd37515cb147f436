"""The size of a model by the geometry in its config.json: arithmetic over the layers of the families in geometry.py.

It counts the weights of the language model, without vision towers and without layers for multi-token prediction, which are
dropped after training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leaderboard_etl.sizes.geometry import FAMILIES, CannotTellError, Facts, Traits

_MOST_PARAMS = 10**14
_MOST_LAYERS = 10**4


@dataclass(frozen=True)
class ConfigSize:
    """Parameters as counts; `active` are all but the routed experts that a token does not visit, with embeddings if the vendor
    counts them.

    Null with a reason if the config does not say. A count with a reason is that of a part, the text model.
    """

    total: int | None
    active: int | None
    reason: str | None


def config_parameters(config: Mapping[str, Any]) -> ConfigSize:
    """Parameters of the model that this config.json describes; for a multimodal one, of its text model. Never raises.

    Quantisation changes how weights are stored, not their number, so it is ignored.
    """
    text = config.get("text_config")
    is_part = isinstance(text, Mapping) or isinstance(config.get("vision_config"), Mapping)
    scope = {**text, "model_type": text.get("model_type")} if isinstance(text, Mapping) else dict(config)
    if isinstance(text, Mapping) and config.get("tie_word_embeddings") is not None:
        scope["tie_word_embeddings"] = config["tie_word_embeddings"]
    family = scope.get("model_type")
    traits = FAMILIES.get(family) if isinstance(family, str) else None
    if traits is None:
        return ConfigSize(None, None, f"no arithmetic for the model_type {str(family)[:60]!r} of config.json")
    try:
        facts_of_config = {key: value for key, value in scope.items() if value is not None}
        facts_of_config["has_head"] = not _is_headless(config.get("architectures"))
        total, idle = _count(Facts({**traits.defaults, **traits.prepare(facts_of_config)}), traits)
    except CannotTellError as error:
        return ConfigSize(None, None, str(error))
    if total > _MOST_PARAMS:
        return ConfigSize(None, None, "the geometry in config.json gives more parameters than any model has")
    return ConfigSize(total, total - idle, "of the text model alone" if is_part else None)


def _is_headless(architectures: object) -> bool:
    """Whether models of the class embed, classify or judge: those have no head over the vocabulary."""
    name = architectures[0] if isinstance(architectures, list) and architectures else None
    ends = ("Model", "ForSequenceClassification", "ForTokenClassification", "ForRewardModel")
    return isinstance(name, str) and name.endswith(ends) and not name.endswith("LMHeadModel")


def _count(facts: Facts, traits: Traits) -> tuple[int, int]:
    """(all parameters, those of experts that a token does not visit)."""
    hidden, vocab = facts.number("hidden"), facts.number("vocab")
    layers = facts.number("layers", most=_MOST_LAYERS)
    norm = hidden * (2 if traits.has_norm_bias else 1)
    norms = facts.number("norms", traits.norms, least=0)
    attention = _latent_attention(facts, hidden) if traits.is_latent else _attention(facts, traits, hidden)
    total = vocab * hidden + layers * (attention + norms * norm)
    total += (traits.extra_norms + (1 if traits.norms else 0)) * norm
    total += facts.number(traits.positions) * hidden if traits.positions else 0
    if facts.flag("has_head", True) and not facts.flag("tie_word_embeddings", traits.is_tied):
        total += vocab * hidden
    if facts.flag("lm_head_bias"):
        total += vocab
    has_bias = facts.flag("mlp_bias")

    def mlp(width: int) -> int:
        up = (traits.mlp_matrices - 1) * width
        return (up + width) * hidden + (up + hidden if has_bias else 0)

    if not traits.is_moe and facts.states("experts") and facts.number("experts", least=0) > 1:
        raise CannotTellError("config.json states experts, which this model_type does not have")
    sparse = _sparse_layers(facts, layers) if traits.is_moe else 0
    if sparse < layers:
        total += (layers - sparse) * mlp(facts.number("width"))
    if not sparse:
        return total, 0
    experts = facts.number("experts")
    chosen = facts.number("chosen", most=experts)
    width = facts.number("expert_width")
    total += sparse * (experts * (mlp(width) + hidden + int(traits.has_router_bias)))
    if traits.shared and facts.states(traits.shared):
        shared = facts.number(traits.shared, least=0)
        total += sparse * mlp(shared * width if traits.shared == "n_shared_experts" else shared)
        total += sparse * hidden if traits.shared == "shared_expert_intermediate_size" else 0  # its gate
    unread = 0 if traits.is_embedding_active else vocab * hidden
    return total, sparse * (experts - chosen) * mlp(width) + unread


def _attention(facts: Facts, traits: Traits, hidden: int) -> int:
    heads = facts.number("heads")
    kv_heads = facts.number("kv_heads", heads, most=heads)
    if not facts.states("head_dim") and not facts.states("kv_channels") and hidden % heads:
        raise CannotTellError("hidden_size in config.json is not a multiple of its heads")
    head = facts.number("head_dim", hidden // heads)
    query, key = heads * head, kv_heads * head
    has_bias = facts.flag("attention_bias")
    has_qkv_bias = has_bias or facts.flag("use_qkv_bias", traits.has_qkv_bias)
    bias = (query + 2 * key if has_qkv_bias else 0) + (hidden if has_bias else 0)
    kind = "full" if facts.flag("use_full_qk_norm") else traits.qk_norm
    norm = {"": 0, "head": 2 * head, "full": query + key}[kind]
    return 2 * hidden * (query + key) + bias + norm + (heads if traits.has_sinks else 0)


def _latent_attention(facts: Facts, hidden: int) -> int:
    """Multi-head latent attention (https://arxiv.org/abs/2405.04434), with the sparse indexer of V3.2 where stated."""
    heads, latent = facts.number("heads"), facts.number("kv_lora_rank")
    plain, rotary, value = (facts.number(name) for name in ("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"))
    rank = facts.number("q_lora_rank", 0, least=0)
    query = rank * (hidden + 1 + heads * (plain + rotary)) if rank else hidden * heads * (plain + rotary)
    count = query + hidden * (latent + rotary) + latent + latent * heads * (plain + value) + heads * value * hidden
    if facts.flag("attention_bias"):
        count += rank + latent + rotary + hidden
    if facts.states("index_n_heads"):
        readers, head = facts.number("index_n_heads"), facts.number("index_head_dim")
        count += rank * readers * head + hidden * (head + readers) + 2 * head
    return count


def _sparse_layers(facts: Facts, layers: int) -> int:
    """The number of layers whose MLP is a set of experts: every so many after the first dense ones."""
    dense, first = facts.layers_in("mlp_only_layers"), facts.number("first_k_dense_replace", 0, least=0)
    step, frequency = facts.number("step", 1), facts.number("moe_layer_freq", 1)
    return sum(
        layer >= first and layer % frequency == 0 and (layer + 1) % step == 0 and layer not in dense
        for layer in range(layers)
    )
