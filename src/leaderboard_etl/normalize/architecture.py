"""How big a model is by the geometry in its config.json: arithmetic over the layers of the common families.

The shapes are those of the modelling code of transformers (https://github.com/huggingface/transformers, src/transformers/
models/<model_type>). Counted are the weights of the language model; layers for multi-token prediction, which are dropped
after training, and vision towers are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST_PARAMS = 10**14
_MOST_SIZE = 10**7
_MOST_LAYERS = 10**4

# Names of one fact in the configs of different families; the first that is there speaks.
_NAMES = {
    "hidden": ("hidden_size", "d_model"),
    "layers": ("num_hidden_layers", "n_layers", "n_layer"),
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


@dataclass(frozen=True)
class ConfigSize:
    """Parameters as counts; `active` is all but the routed experts that a token does not visit, embeddings included where
    the vendor counts them.

    Null with a reason where the config does not tell. A count with a reason is of a part: the text model of several.
    """

    total: int | None
    active: int | None
    reason: str | None


class _CannotTellError(ValueError):
    """The config lacks a fact, or states an impossible one."""


class _Facts:
    """The values of one config, each checked when it is asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def number(self, name: str, otherwise: int | None = None, most: int = _MOST_SIZE, least: int = 1) -> int:
        keys = _NAMES.get(name, (name,))
        value, key = next(((v, k) for k in keys if (v := self._values.get(k)) is not None), (otherwise, keys[0]))
        if value is None:
            raise _CannotTellError(f"config.json states no {key}")
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _CannotTellError(f"{key} in config.json is no possible size")
        return value

    def states(self, name: str) -> bool:
        return self._values.get(name) is not None

    def flag(self, name: str, otherwise: bool = False) -> bool:
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise _CannotTellError(f"{name} in config.json is neither true nor false")
        return otherwise if value is None else value

    def layers_in(self, name: str) -> set[int]:
        value = self._values.get(name)
        if value is not None and not isinstance(value, list):
            raise _CannotTellError(f"{name} in config.json is no list of layers")
        return {layer for layer in value or [] if isinstance(layer, int)}


def _falcon(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Falcon's flags as plain numbers: heads of keys, and norms of a layer, which its parallel form shares."""
    facts = _Facts(config)
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
    """DBRX states its attention and experts in two objects of their own."""
    parts = [part for key in ("attn_config", "ffn_config") if isinstance(part := config.get(key), dict)]
    return {key: value for scope in (*parts, config) for key, value in scope.items()}


def _qwen(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first Qwen states the width of gate and up together."""
    return {**config, "intermediate_size": _Facts(config).number("width") // 2}


@dataclass(frozen=True)
class _Traits:
    """How a family differs from Llama; a flag that its config states goes before the one here."""

    is_tied: bool = False  # the head is the embedding, where the config does not say
    has_qkv_bias: bool = False  # those of q, k, v, whatever the config says
    norms: int = 2  # norms of a layer
    has_norm_bias: bool = False
    qk_norm: str = ""  # "head": one weight a position of a head; "full": one a position of all heads
    mlp_matrices: int = 3  # 3: gate, up, down; 2: up, down
    has_sinks: bool = False  # one weight a head and layer
    # Whether the vendor counts the input embedding among the active parameters; a lookup, where it does not.
    is_embedding_active: bool = True
    is_latent: bool = False  # multi-head latent attention
    is_moe: bool = False
    shared: str = ""  # key that states the shared experts
    has_router_bias: bool = False
    defaults: Mapping[str, int] = field(default_factory=dict)  # what holds where the config is silent
    prepare: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda config: config


_LLAMA = _Traits()
_MIXTRAL = _Traits(is_moe=True)
_QWEN2 = _Traits(has_qkv_bias=True)
_QWEN3 = _Traits(qk_norm="head", defaults={"head_dim": 128})
_QWEN3_MOE = _Traits(qk_norm="head", is_moe=True)
# Falcon's checkpoints store the head beside the embedding, and so the Hub counts it.
_FALCON = _Traits(has_norm_bias=True, mlp_matrices=2, prepare=_falcon)
_DEEPSEEK_V3 = _Traits(is_latent=True, is_moe=True, shared="n_shared_experts", has_router_bias=True)
_GEMMA3 = {"head_dim": 256, "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 262208}
_BIASED = {"attention_bias": True, "mlp_bias": True}

_FAMILIES: Mapping[str, _Traits] = {
    "cohere": _Traits(is_tied=True, norms=1),
    "dbrx": _Traits(is_moe=True, prepare=_dbrx),
    "deepseek": _Traits(is_moe=True, shared="n_shared_experts"),
    "deepseek_v2": _Traits(is_latent=True, is_moe=True, shared="n_shared_experts"),
    "deepseek_v3": _DEEPSEEK_V3,
    "deepseek_v32": _DEEPSEEK_V3,
    "falcon": _FALCON,
    "gemma": _Traits(is_tied=True, defaults={"head_dim": 256}),
    "gemma2": _Traits(is_tied=True, norms=4, defaults={"head_dim": 256}),
    "gemma3_text": _Traits(is_tied=True, norms=4, qk_norm="head", defaults=_GEMMA3),
    "glm_moe_dsa": _DEEPSEEK_V3,
    "gpt_neox": _Traits(has_norm_bias=True, mlp_matrices=2, defaults=_BIASED),
    # Its model card counts the head and not the embedding (https://arxiv.org/abs/2508.10925, table 1).
    "gpt_oss": _Traits(has_sinks=True, is_moe=True, has_router_bias=True, is_embedding_active=False, defaults=_BIASED),
    "granite": _LLAMA,
    "granitemoe": _MIXTRAL,
    "granitemoeshared": _Traits(is_moe=True, shared="shared_intermediate_size"),
    "kimi_k2": _DEEPSEEK_V3,
    "llama": _LLAMA,
    "minimax_m2": _Traits(qk_norm="full", is_moe=True, has_router_bias=True),
    "llama4_text": _Traits(is_moe=True, shared="n_shared_experts", defaults={"n_shared_experts": 1}),
    "mimo": _QWEN2,
    "mistral": _LLAMA,
    "mixtral": _MIXTRAL,
    "olmo": _Traits(norms=0),
    "olmo2": _Traits(qk_norm="full"),
    "olmoe": _Traits(qk_norm="full", is_moe=True),
    "phi": _Traits(norms=1, has_norm_bias=True, mlp_matrices=2, defaults={**_BIASED, "lm_head_bias": True}),
    "phi3": _LLAMA,
    "phimoe": _Traits(has_norm_bias=True, is_moe=True),
    "qwen": _Traits(has_qkv_bias=True, prepare=_qwen),
    "qwen2": _QWEN2,
    "qwen2_5_vl": _QWEN2,
    "qwen2_moe": _Traits(has_qkv_bias=True, is_moe=True, shared="shared_expert_intermediate_size"),
    "qwen2_vl": _QWEN2,
    "qwen3": _QWEN3,
    "qwen3_moe": _QWEN3_MOE,
    "qwen3_vl_moe_text": _QWEN3_MOE,
    "qwen3_vl_text": _QWEN3,
    "RefinedWeb": _FALCON,
    "RefinedWebModel": _FALCON,
}


def mixture_by_class() -> dict[str, bool]:
    """Whether a class of transformers is a mixture of experts, by its name up to what it is for, in lower case: `qwen2moe` of
    Qwen2MoeForCausalLM. Of each family that the arithmetic knows."""
    return {model_type.replace("_", "").lower(): traits.is_moe for model_type, traits in _FAMILIES.items()}


def config_parameters(config: Mapping[str, Any]) -> ConfigSize:
    """Parameters of the model that this config.json describes; of a multimodal one, of its text model. Never raises.

    Quantisation changes how weights are stored, not their number: it is not looked at.
    """
    text = config.get("text_config")
    is_part = isinstance(text, Mapping) or isinstance(config.get("vision_config"), Mapping)
    scope = {**text, "model_type": text.get("model_type")} if isinstance(text, Mapping) else dict(config)
    if isinstance(text, Mapping) and config.get("tie_word_embeddings") is not None:
        scope["tie_word_embeddings"] = config["tie_word_embeddings"]
    family = scope.get("model_type")
    traits = _FAMILIES.get(family) if isinstance(family, str) else None
    if traits is None:
        return ConfigSize(None, None, f"no arithmetic for the model_type {str(family)[:60]!r} of config.json")
    try:
        stated = {key: value for key, value in scope.items() if value is not None}
        total, idle = _count(_Facts({**traits.defaults, **traits.prepare(stated)}), traits)
    except _CannotTellError as error:
        return ConfigSize(None, None, str(error))
    if total > _MOST_PARAMS:
        return ConfigSize(None, None, "the geometry in config.json gives more parameters than any model has")
    return ConfigSize(total, total - idle, "of the text model alone" if is_part else None)


def _count(facts: _Facts, traits: _Traits) -> tuple[int, int]:
    """(all parameters, those of experts that a token does not visit)."""
    hidden, vocab = facts.number("hidden"), facts.number("vocab")
    layers = facts.number("layers", most=_MOST_LAYERS)
    norm = hidden * (2 if traits.has_norm_bias else 1)
    norms = facts.number("norms", traits.norms, least=0)
    attention = _latent_attention(facts, hidden) if traits.is_latent else _attention(facts, traits, hidden)
    total = vocab * hidden + layers * (attention + norms * norm) + (norm if traits.norms else 0)
    if not facts.flag("tie_word_embeddings", traits.is_tied):
        total += vocab * hidden
    if facts.flag("lm_head_bias"):
        total += vocab
    has_bias = facts.flag("mlp_bias")

    def mlp(width: int) -> int:
        up = (traits.mlp_matrices - 1) * width
        return (up + width) * hidden + (up + hidden if has_bias else 0)

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
        stated = facts.number(traits.shared, least=0)
        total += sparse * mlp(stated * width if traits.shared == "n_shared_experts" else stated)
        total += sparse * hidden if traits.shared == "shared_expert_intermediate_size" else 0  # its gate
    unread = 0 if traits.is_embedding_active else vocab * hidden
    return total, sparse * (experts - chosen) * mlp(width) + unread


def _attention(facts: _Facts, traits: _Traits, hidden: int) -> int:
    heads = facts.number("heads")
    kv_heads = facts.number("kv_heads", heads, most=heads)
    if not facts.states("head_dim") and not facts.states("kv_channels") and hidden % heads:
        raise _CannotTellError("hidden_size in config.json is no multiple of its heads")
    head = facts.number("head_dim", hidden // heads)
    query, key = heads * head, kv_heads * head
    has_bias = facts.flag("attention_bias")
    bias = (query + 2 * key if has_bias or traits.has_qkv_bias else 0) + (hidden if has_bias else 0)
    norm = {"": 0, "head": 2 * head, "full": query + key}[traits.qk_norm]
    return 2 * hidden * (query + key) + bias + norm + (heads if traits.has_sinks else 0)


def _latent_attention(facts: _Facts, hidden: int) -> int:
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


def _sparse_layers(facts: _Facts, layers: int) -> int:
    """Layers whose MLP is a set of experts: not the first dense ones, and of the others each of a step."""
    dense, first = facts.layers_in("mlp_only_layers"), facts.number("first_k_dense_replace", 0, least=0)
    step, frequency = facts.number("step", 1), facts.number("moe_layer_freq", 1)
    return sum(
        layer >= first and layer % frequency == 0 and (layer + 1) % step == 0 and layer not in dense
        for layer in range(layers)
    )
