"""The geometry of a model by its config.json, and how the common families differ: the facts that architecture.py counts with.

The shapes are those of the modelling code of transformers (https://github.com/huggingface/transformers, src/transformers/
models/<model_type>).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST_SIZE = 10**7

# Names of one fact in the configs of different families; the first that is present counts.
_NAMES = {
    "hidden": ("hidden_size", "d_model", "n_embd", "n_embed"),
    "layers": ("num_hidden_layers", "n_layers", "n_layer", "num_layers"),
    "heads": ("num_attention_heads", "n_heads", "n_head"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv", "kv_n_heads"),
    "head_dim": ("head_dim", "kv_channels"),
    "width": ("intermediate_size_mlp", "intermediate_size", "ffn_hidden_size"),
    "expert_width": ("moe_intermediate_size", "intermediate_size", "ffn_hidden_size"),
    "experts": ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"),
    "chosen": ("num_experts_per_tok", "experts_per_token", "moe_top_k"),
    "step": ("decoder_sparse_step", "interleave_moe_layer_step"),
    "vocab": ("vocab_size",),
}


class CannotTellError(ValueError):
    """The config lacks a fact, or states an impossible one."""


class Facts:
    """The values of one config, each checked when it is read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def number(self, name: str, otherwise: int | None = None, most: int = _MOST_SIZE, least: int = 1) -> int:
        keys = _NAMES.get(name, (name,))
        value, key = next(((v, k) for k in keys if (v := self._values.get(k)) is not None), (otherwise, keys[0]))
        if value is None:
            raise CannotTellError(f"config.json states no {key}")
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise CannotTellError(f"{key} in config.json is not a possible size")
        return value

    def states(self, name: str) -> bool:
        return any(self._values.get(key) is not None for key in _NAMES.get(name, (name,)))

    def flag(self, name: str, otherwise: bool = False) -> bool:
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise CannotTellError(f"{name} in config.json is neither true nor false")
        return otherwise if value is None else value

    def layers_in(self, name: str) -> set[int]:
        value = self._values.get(name)
        if value is not None and not isinstance(value, list):
            raise CannotTellError(f"{name} in config.json is not a list of layers")
        return {layer for layer in value or [] if isinstance(layer, int)}


def _falcon(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Falcon's flags as plain numbers: heads of keys, and norms of a layer, which its parallel form shares."""
    facts = Facts(config)
    heads, hidden = facts.number("heads"), facts.number("hidden")
    is_new = facts.flag("new_decoder_architecture")
    kv_heads = facts.number("kv_heads", heads) if is_new else 1 if facts.flag("multi_query", True) else heads
    is_single = facts.flag("parallel_attn", True) and not is_new
    norms = facts.number("num_ln_in_parallel_attn", 1 if is_single else 2)
    has_bias = facts.flag("bias")
    width = facts.number("ffn_hidden_size", 4 * hidden)
    own = {"num_key_value_heads": kv_heads, "norms": norms, "intermediate_size": width}
    return {**config, **own, "attention_bias": has_bias, "mlp_bias": has_bias}


def _dbrx(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """DBRX states its attention and its experts in two separate objects."""
    parts = [part for key in ("attn_config", "ffn_config") if isinstance(part := config.get(key), dict)]
    return {key: value for scope in (*parts, config) for key, value in scope.items()}


def _qwen(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first Qwen states the width of gate and up together."""
    return {**config, "intermediate_size": Facts(config).number("width") // 2}


def _four_wide(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """GPT-2, BLOOM and MPT: an MLP four times as wide, unless stated otherwise."""
    facts = Facts(config)
    width = facts.number("n_inner", facts.number("expansion_ratio", 4) * facts.number("hidden"))
    return {**config, "intermediate_size": width}


def _mpt(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """MPT states its attention in a separate object; parts that its common models lack are not counted."""
    attention = part if isinstance(part := config.get("attn_config"), dict) else {}
    kind = attention.get("attn_type") or "multihead_attention"
    if kind not in ("multihead_attention", "grouped_query_attention", "multiquery_attention"):
        raise CannotTellError("attn_type in config.json is not one that MPT is known with")
    if not Facts(config).flag("no_bias", True) or Facts(attention).flag("qk_ln"):
        raise CannotTellError("config.json states biases or norms of attention, for which MPT has no arithmetic here")
    if kind == "grouped_query_attention":
        config = {**config, "num_key_value_heads": Facts(attention).number("kv_heads")}
    elif kind == "multiquery_attention":
        config = {**config, "num_key_value_heads": 1}
    return _four_wide(config)


def _stablelm(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """StableLM's larger models have one norm per layer, shared by attention and MLP, and norms of queries and keys."""
    is_parallel = Facts(config).flag("use_parallel_residual")
    return {**config, "norms": 1 if is_parallel else 2, "use_full_qk_norm": Facts(config).flag("qk_layernorm")}


@dataclass(frozen=True)
class Traits:
    """How a family differs from Llama; a flag in its config overrides the one here."""

    is_tied: bool = False  # whether the head is the embedding, if the config does not say
    has_qkv_bias: bool = False  # those of q, k, v, whatever the config says
    norms: int = 2  # norms of a layer
    has_norm_bias: bool = False
    extra_norms: int = 0  # norms outside the layers beside the last one
    positions: str = ""  # key that states how many positions have an embedding of their own
    qk_norm: str = ""  # "head": one weight per position of a head; "full": one per position of all heads
    mlp_matrices: int = 3  # 3: gate, up, down; 2: up, down
    has_sinks: bool = False  # one weight per head and layer
    # Whether the vendor counts the input embedding, which is only a lookup, among the active parameters.
    is_embedding_active: bool = True
    is_latent: bool = False  # multi-head latent attention
    is_moe: bool = False
    shared: str = ""  # key that states the shared experts
    has_router_bias: bool = False
    defaults: Mapping[str, int] = field(default_factory=dict)  # what holds if the config does not say
    prepare: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda config: config


_COHERE = Traits(is_tied=True, norms=1)
_LLAMA = Traits()
_MIXTRAL = Traits(is_moe=True)
_OLMO2 = Traits(qk_norm="full")
_QWEN2 = Traits(has_qkv_bias=True)
_QWEN3 = Traits(qk_norm="head", defaults={"head_dim": 128})
_QWEN3_MOE = Traits(qk_norm="head", is_moe=True)
# Falcon's checkpoints store the head beside the embedding, and so the Hub counts it.
_FALCON = Traits(has_norm_bias=True, mlp_matrices=2, prepare=_falcon)
_DEEPSEEK_V3 = Traits(is_latent=True, is_moe=True, shared="n_shared_experts", has_router_bias=True)
_GEMMA3 = {"head_dim": 256, "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 262208}
_BIASED = {"attention_bias": True, "mlp_bias": True}

FAMILIES: Mapping[str, Traits] = {
    "bloom": Traits(
        is_tied=True, has_norm_bias=True, mlp_matrices=2, extra_norms=1, defaults=_BIASED, prepare=_four_wide
    ),
    "cohere": _COHERE,
    "cohere2": _COHERE,
    "dbrx": Traits(is_moe=True, prepare=_dbrx),
    "deepseek": Traits(is_moe=True, shared="n_shared_experts"),
    "deepseek_v2": Traits(is_latent=True, is_moe=True, shared="n_shared_experts"),
    "deepseek_v3": _DEEPSEEK_V3,
    "deepseek_v32": _DEEPSEEK_V3,
    "exaone": _LLAMA,
    "falcon": _FALCON,
    "gemma": Traits(is_tied=True, defaults={"head_dim": 256}),
    "gemma2": Traits(is_tied=True, norms=4, defaults={"head_dim": 256}),
    "gemma3_text": Traits(is_tied=True, norms=4, qk_norm="head", defaults=_GEMMA3),
    "glm_moe_dsa": _DEEPSEEK_V3,
    "gpt2": Traits(
        is_tied=True, has_norm_bias=True, mlp_matrices=2, positions="n_positions", defaults=_BIASED, prepare=_four_wide
    ),
    "gpt_neox": Traits(has_norm_bias=True, mlp_matrices=2, defaults=_BIASED),
    # Its model card counts the head and not the embedding (https://arxiv.org/abs/2508.10925, table 1).
    "gpt_oss": Traits(has_sinks=True, is_moe=True, has_router_bias=True, is_embedding_active=False, defaults=_BIASED),
    "granite": _LLAMA,
    "granitemoe": _MIXTRAL,
    "granitemoeshared": Traits(is_moe=True, shared="shared_intermediate_size"),
    "internlm2": _LLAMA,
    "kimi_k2": _DEEPSEEK_V3,
    "llama": _LLAMA,
    "minimax_m2": Traits(qk_norm="full", is_moe=True, has_router_bias=True),
    "llama4_text": Traits(is_moe=True, shared="n_shared_experts", defaults={"n_shared_experts": 1}),
    "mimo": _QWEN2,
    "mistral": _LLAMA,
    "mixtral": _MIXTRAL,
    "mpt": Traits(is_tied=True, mlp_matrices=2, prepare=_mpt),
    "nemotron": Traits(has_norm_bias=True, mlp_matrices=2),
    "olmo": Traits(norms=0),
    "olmo2": _OLMO2,
    "olmo3": _OLMO2,
    "olmoe": Traits(qk_norm="full", is_moe=True),
    "phi": Traits(norms=1, has_norm_bias=True, mlp_matrices=2, defaults={**_BIASED, "lm_head_bias": True}),
    "phi3": _LLAMA,
    "phimoe": Traits(has_norm_bias=True, is_moe=True),
    "qwen": Traits(has_qkv_bias=True, prepare=_qwen),
    "qwen2": _QWEN2,
    "qwen2_5_vl": _QWEN2,
    "qwen2_moe": Traits(has_qkv_bias=True, is_moe=True, shared="shared_expert_intermediate_size"),
    "qwen2_vl": _QWEN2,
    "qwen3": _QWEN3,
    "qwen3_moe": _QWEN3_MOE,
    "qwen3_vl_moe_text": _QWEN3_MOE,
    "qwen3_vl_text": _QWEN3,
    "smollm3": Traits(is_tied=True),
    "stablelm": Traits(has_norm_bias=True, prepare=_stablelm),
    "starcoder2": Traits(is_tied=True, has_norm_bias=True, mlp_matrices=2, defaults=_BIASED),
    "RefinedWeb": _FALCON,
    "RefinedWebModel": _FALCON,
}
