"""Facts that the configs of one family state in a way of their own, in the terms of all families (see facts.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from leaderboard_etl.sizes.facts import CannotTellError, Facts

Config = Mapping[str, Any]


def falcon(config: Config) -> Config:
    """Falcon's flags as plain numbers: heads of keys, and norms of a layer, which its parallel form shares."""
    facts = Facts(config)
    heads, hidden = facts.number("heads"), facts.number("hidden")
    is_new = facts.flag("new_decoder_architecture")
    kv_heads = facts.number("kv_heads", heads) if is_new else 1 if facts.flag("multi_query", True) else heads
    is_single = facts.flag("parallel_attn", True) and not is_new
    count = facts.number("num_ln_in_parallel_attn", 1 if is_single else 2)
    has_bias = facts.flag("bias")
    width = facts.number("ffn_hidden_size", 4 * hidden)
    own = {"num_key_value_heads": kv_heads, "norms": count, "intermediate_size": width}
    return {**config, **own, "attention_bias": has_bias, "mlp_bias": has_bias}


def dbrx(config: Config) -> Config:
    """DBRX states its attention and its experts in two separate objects."""
    parts = [part for key in ("attn_config", "ffn_config") if isinstance(part := config.get(key), dict)]
    return {key: value for scope in (*parts, config) for key, value in scope.items()}


def qwen(config: Config) -> Config:
    """The first Qwen states the width of gate and up together."""
    return {**config, "intermediate_size": Facts(config).number("width") // 2}


def four_wide(config: Config) -> Config:
    """GPT-2, BLOOM and MPT: an MLP four times as wide, unless stated otherwise."""
    facts = Facts(config)
    width = facts.number("n_inner", facts.number("expansion_ratio", 4) * facts.number("hidden"))
    return {**config, "intermediate_size": width}


def mpt(config: Config) -> Config:
    """MPT states its attention in a separate object; parts that its common models lack are not counted."""
    own = part if isinstance(part := config.get("attn_config"), dict) else {}
    kind = own.get("attn_type") or "multihead_attention"
    if kind not in ("multihead_attention", "grouped_query_attention", "multiquery_attention"):
        raise CannotTellError("attn_type in config.json is not one that MPT is known with")
    if not Facts(config).flag("no_bias", True) or Facts(own).flag("qk_ln"):
        raise CannotTellError("config.json states biases or norms of attention, for which MPT has no arithmetic here")
    if kind == "grouped_query_attention":
        config = {**config, "num_key_value_heads": Facts(own).number("kv_heads")}
    elif kind == "multiquery_attention":
        config = {**config, "num_key_value_heads": 1}
    return four_wide(config)


def stablelm(config: Config) -> Config:
    """StableLM's larger models have one norm per layer, shared by attention and MLP, and norms of queries and keys."""
    is_parallel = Facts(config).flag("use_parallel_residual")
    return {**config, "norms": 1 if is_parallel else 2, "use_full_qk_norm": Facts(config).flag("qk_layernorm")}


def nemotron_h(config: Config) -> Config:
    """Nemotron-H states the kinds of its layers as words, or as one letter each."""
    letters = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}
    pattern = config.get("hybrid_override_pattern")
    kinds = config.get("layers_block_type")
    if not isinstance(kinds, list):
        if not isinstance(pattern, str):
            raise CannotTellError("config.json does not say the kinds of its layers")
        kinds = [letters.get(letter, letter) for letter in pattern]
    return {**config, "layers_block_type": kinds, "num_hidden_layers": len(kinds)}


def without(key: str, why: str) -> Callable[[Config], Config]:
    """Refuses configs that state a part for which the family has no arithmetic here."""

    def prepare(config: Config) -> Config:
        if config.get(key):
            raise CannotTellError(f"config.json states {key}: {why}")
        return config

    return prepare
