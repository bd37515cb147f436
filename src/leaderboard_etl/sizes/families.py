"""The families of models whose size is counted: of what blocks each is composed, by the model_type of its config.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from leaderboard_etl.sizes.blocks import (
    Block,
    Kind,
    Weights,
    attention,
    by,
    compressed_attention,
    delta_attention,
    experts,
    gated_delta,
    index_branch,
    latent_attention,
    lightning_attention,
    mamba,
    mamba2,
    mlp,
    norms,
    nothing,
    shared_experts,
    shared_mlp,
    sparse,
    stack,
)
from leaderboard_etl.sizes.facts import CannotTellError, Facts

Config = Mapping[str, Any]


_LAST_NORM = norms(1)


@dataclass(frozen=True)
class Family:
    """The blocks of a family, and how it treats its embedding and its head over the vocabulary."""

    layer: Block
    last_norm: Block = _LAST_NORM
    around: Block = nothing  # what else is outside the layers
    prediction: Block = nothing  # a layer for multi-token prediction, with what comes with it
    is_tied: bool = False  # whether the head is the embedding, if the config does not say
    # What of embedding and head the vendor counts among the active parameters: "all", the "head" alone, because the embedding
    # is only looked up, or neither ("layers"). Null: no count of these equals the published figure.
    active: Literal["all", "head", "layers"] | None = "all"
    defaults: Mapping[str, Any] = field(default_factory=dict)  # what holds if the config does not say
    prepare: Callable[[Config], Config] = lambda config: config


# Facts of one family in the terms of all


def _falcon(config: Config) -> Config:
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


def _dbrx(config: Config) -> Config:
    """DBRX states its attention and its experts in two separate objects."""
    parts = [part for key in ("attn_config", "ffn_config") if isinstance(part := config.get(key), dict)]
    return {key: value for scope in (*parts, config) for key, value in scope.items()}


def _qwen(config: Config) -> Config:
    """The first Qwen states the width of gate and up together."""
    return {**config, "intermediate_size": Facts(config).number("width") // 2}


def _four_wide(config: Config) -> Config:
    """GPT-2, BLOOM and MPT: an MLP four times as wide, unless stated otherwise."""
    facts = Facts(config)
    width = facts.number("n_inner", facts.number("expansion_ratio", 4) * facts.number("hidden"))
    return {**config, "intermediate_size": width}


def _mpt(config: Config) -> Config:
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
    return _four_wide(config)


def _stablelm(config: Config) -> Config:
    """StableLM's larger models have one norm per layer, shared by attention and MLP, and norms of queries and keys."""
    is_parallel = Facts(config).flag("use_parallel_residual")
    return {**config, "norms": 1 if is_parallel else 2, "use_full_qk_norm": Facts(config).flag("qk_layernorm")}


def _nemotron_h(config: Config) -> Config:
    """Nemotron-H states the kinds of its layers as words, or as one letter each."""
    letters = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}
    pattern = config.get("hybrid_override_pattern")
    kinds = config.get("layers_block_type")
    if not isinstance(kinds, list):
        if not isinstance(pattern, str):
            raise CannotTellError("config.json does not say the kinds of its layers")
        kinds = [letters.get(letter, letter) for letter in pattern]
    return {**config, "layers_block_type": kinds, "num_hidden_layers": len(kinds)}


def _without(key: str, why: str) -> Callable[[Config], Config]:
    """Refuses configs that state a part for which the family has no arithmetic here."""

    def prepare(config: Config) -> Config:
        if config.get(key):
            raise CannotTellError(f"config.json states {key}: {why}")
        return config

    return prepare


# Kinds of layers


def _word(key: str) -> Kind:
    return lambda facts: facts.word(key)


def _every(key: str, otherwise: str) -> Kind:
    """Attention over all tokens in every so many layers, `otherwise` in the others, unless the config lists the kinds."""

    def kind(facts: Facts) -> str:
        if facts.lists("layer_types"):
            return facts.word("layer_types")
        return "full_attention" if (facts.layer + 1) % facts.number(key) == 0 else otherwise

    return kind


def _at(period: str, offset: str) -> Kind:
    """Whether a layer is one of every so many, counted from an offset."""
    return lambda facts: "here" if facts.layer % facts.number(period) == facts.number(offset, least=0) else "elsewhere"


def _lightning(facts: Facts) -> str:
    """Whether a layer of MiniMax-01 attends to all tokens; every eighth does (https://arxiv.org/abs/2501.08313)."""
    if facts.lists("attn_type_list"):
        return {"0": "linear", "1": "full"}.get(word := facts.word("attn_type_list"), word)
    return "linear" if (facts.layer + 1) % 8 else "full"


def _delta(facts: Facts) -> str:
    """Kimi lists its layers of linear attention, counted from 1."""
    return "linear" if facts.layer + 1 in facts.part("linear_attn_config").numbers("kda_layers") else "full"


def _moe_block(facts: Facts) -> str:
    return "moe" if facts.flag("enable_moe_block") else "dense"


# Parts of one family


def _sliding(facts: Facts) -> Weights:
    """MiMo's layers with a window have heads and sinks of their own."""
    own = facts.under(
        num_attention_heads="swa_num_attention_heads",
        num_key_value_heads="swa_num_key_value_heads",
        head_dim="swa_head_dim",
        v_head_dim="swa_v_head_dim",
    )
    return attention(has_sinks=facts.flag("add_swa_attention_sink_bias"))(own)


def _global(facts: Facts) -> Weights:
    """Gemma 4's layers without a window have wider heads, fewer for keys, and use keys as values where the config says so."""
    is_shared = facts.flag("attention_k_eq_v")
    own = facts.under(head_dim="global_head_dim")
    if is_shared:
        own = own.under(num_key_value_heads="num_global_key_value_heads")
    return attention(qk_norm="head", has_values=not is_shared)(own)


def _searched_attention(facts: Facts) -> Weights:
    """Attention of a layer that Nemotron's search left, replaced by a matrix or removed, with its norm."""
    block = facts.part("block_configs").part("attention")
    if block.flag("no_op"):
        return Weights()
    hidden, heads = facts.number("hidden"), facts.number("heads")
    if block.flag("replace_with_linear"):
        return Weights(hidden * hidden + hidden)
    kv_heads = heads // block.number("n_heads_in_group", most=heads)
    return stack(attention(), norms(1))(facts.with_(num_key_value_heads=kv_heads))


def _searched_mlp(facts: Facts) -> Weights:
    """The feed-forward part of the same, whose width is stated as a factor and rounded up to 256."""
    block = facts.part("block_configs").part("ffn")
    if block.flag("no_op"):
        return Weights()
    hidden = facts.number("hidden")
    if block.flag("replace_with_linear"):
        return Weights(hidden * hidden + hidden)
    width = -(-int(2 * block.ratio("ffn_mult") * hidden / 3) // 256) * 256
    return stack(mlp(), norms(1))(facts.with_(intermediate_size=width))


def _per_layer_input(facts: Facts) -> Weights:
    """What a layer of Gemma 3n has beside attention and MLP: the gate of its own input, a low-rank residual (LAuReL) and the
    mixing of parallel streams (AltUp)."""
    hidden, own = facts.number("hidden"), facts.number("hidden_size_per_layer_input")
    streams, rank = facts.number("altup_num_inputs"), facts.number("laurel_rank")
    mixing = streams * hidden + streams**3 + streams**2
    return Weights(2 * hidden * own + 2 * hidden * rank + mixing)


def _around_per_layer_inputs(facts: Facts) -> Weights:
    """The embeddings of Gemma 3n for each layer, which are looked up, and what projects them and its streams."""
    hidden, layers = facts.number("hidden"), facts.number("layers")
    own = facts.number("hidden_size_per_layer_input")
    table = facts.number("vocab_size_per_layer_input") * layers * own
    streams = facts.number("altup_num_inputs")
    projections = hidden * layers * own + own + 2 * (streams - 1) * hidden * hidden
    return Weights(table + projections, table)


def _hyper_connections(facts: Facts) -> Weights:
    """DeepSeek-V4's mixing of parallel streams before attention and before the experts (https://arxiv.org/abs/2512.24880)."""
    streams = facts.number("hc_mult")
    mixes = (2 + streams) * streams
    return Weights(2 * (mixes * streams * facts.number("hidden") + mixes + 3))


def _hyper_head(facts: Facts) -> Weights:
    streams = facts.number("hc_mult")
    return Weights(streams * streams * facts.number("hidden") + streams + 1)


def _residual_attention(count: int) -> Block:
    """Kimi K3 attends to the residuals of earlier blocks: a norm and a vector at each place."""
    return lambda facts: Weights(count * facts.number("hidden") if facts.states("attn_res_block_size") else 0)


def _join(*, vocabularies: int = 0) -> Block:
    """What joins a layer for multi-token prediction to the model (https://arxiv.org/abs/2412.19437): a matrix, three norms and
    as many of embedding and head as are stored again."""

    def weights(facts: Facts) -> Weights:
        hidden = facts.number("hidden")
        return Weights(2 * hidden * hidden + 3 * hidden + vocabularies * facts.number("vocab") * hidden)

    return weights


_DENSE = stack(attention(), mlp(), norms(2))
_LLAMA = Family(_DENSE)
_COHERE = Family(stack(attention(), mlp(), norms(1)), is_tied=True)
_MIXTRAL = Family(stack(attention(), experts(), norms(2)))
_OLMO2 = Family(stack(attention(qk_norm="full"), mlp(), norms(2)))
_QWEN2 = Family(stack(attention(has_qkv_bias=True), mlp(), norms(2)))
_QWEN3 = Family(stack(attention(qk_norm="head"), mlp(), norms(2)), defaults={"head_dim": 128})
_QWEN3_MOE = Family(stack(attention(qk_norm="head"), sparse(experts()), norms(2)))
# Falcon's checkpoints store the head beside the embedding, and so the Hub counts it.
_FALCON = Family(
    stack(attention(), mlp(matrices=2), norms(2, has_bias=True)), last_norm=norms(1, has_bias=True), prepare=_falcon
)
_NOAUX = sparse(stack(experts(has_router_bias=True), shared_experts()))
_DEEPSEEK_V3_LAYER = stack(latent_attention, _NOAUX, norms(2))
_DEEPSEEK_V3 = Family(_DEEPSEEK_V3_LAYER, prediction=stack(_DEEPSEEK_V3_LAYER, _join(vocabularies=2)))
_DEEPSEEK_V4_LAYER = stack(
    compressed_attention, experts(has_router_bias=True), shared_experts(), norms(2), _hyper_connections
)
_DEEPSEEK_V4 = Family(_DEEPSEEK_V4_LAYER, around=_hyper_head, active="head")
_GLM4_MOE_LAYER = stack(attention(qk_norm="stated", has_output_bias=False), _NOAUX, norms(2))
_GATED_ATTENTION = attention(qk_norm="head", has_gate=True)
_GATED_EXPERTS = sparse(stack(experts(), shared_mlp("shared_expert_intermediate_size", has_gate=True)))
_QWEN3_NEXT = Family(
    stack(
        by(
            _every("full_attention_interval", "linear_attention"),
            full_attention=_GATED_ATTENTION,
            linear_attention=gated_delta,
        ),
        _GATED_EXPERTS,
        norms(2),
    ),
    prediction=stack(_GATED_ATTENTION, _GATED_EXPERTS, norms(2), _join()),
    active="layers",
    defaults={"full_attention_interval": 4, "mtp_num_hidden_layers": 1},
)
_BAILING_MOE_LAYER = stack(
    attention(qk_norm="stated"),
    sparse(
        stack(
            lambda facts: experts(has_router_bias=facts.flag("moe_router_enable_expert_bias"))(facts), shared_experts()
        )
    ),
    norms(2),
)
_BAILING_MOE = Family(_BAILING_MOE_LAYER, prediction=stack(_BAILING_MOE_LAYER, _join()))
_GEMMA3 = {"head_dim": 256, "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 262208}
_BIASED = {"attention_bias": True, "mlp_bias": True}
_BIASED_LAYER = stack(attention(), mlp(matrices=2), norms(2, has_bias=True))

FAMILIES: Mapping[str, Family] = {
    # Ling and Ring; the second generation, of the same model_type, has norms of queries and keys and a bias of the router.
    "bailing_moe": _BAILING_MOE,
    "bailing_moe_v2": _BAILING_MOE,
    "bloom": Family(
        _BIASED_LAYER,
        last_norm=norms(2, has_bias=True),
        is_tied=True,
        defaults=_BIASED,
        prepare=_four_wide,
    ),
    "cohere": _COHERE,
    "cohere2": _COHERE,
    "dbrx": replace(_MIXTRAL, prepare=_dbrx),
    "deepseek": Family(stack(attention(), sparse(stack(experts(), shared_experts())), norms(2))),
    "deepseek_v2": Family(stack(latent_attention, sparse(stack(experts(), shared_experts())), norms(2))),
    "deepseek_v3": _DEEPSEEK_V3,
    "deepseek_v32": _DEEPSEEK_V3,
    "deepseek_v4": _DEEPSEEK_V4,
    "deepseek_ref": _DEEPSEEK_V4,
    "dots1": Family(stack(attention(qk_norm="head"), _NOAUX, norms(2))),
    "ernie4_5_moe": Family(stack(attention(), _NOAUX, norms(2)), is_tied=True, active="layers"),
    "exaone": _LLAMA,
    "falcon": _FALCON,
    "gemma": Family(_DENSE, is_tied=True, defaults={"head_dim": 256}),
    "gemma2": Family(stack(attention(), mlp(), norms(4)), is_tied=True, defaults={"head_dim": 256}),
    "gemma3_text": Family(stack(attention(qk_norm="head"), mlp(), norms(4)), is_tied=True, defaults=_GEMMA3),
    "gemma3n_text": Family(
        stack(attention(qk_norm="head"), mlp(), norms(8), _per_layer_input),
        around=_around_per_layer_inputs,
        is_tied=True,
        # Its effective size leaves out all embeddings (https://ai.google.dev/gemma/docs/gemma-3n).
        active="layers",
        defaults={"altup_num_inputs": 4, "laurel_rank": 64, "vocab_size_per_layer_input": 262144},
    ),
    "gemma4_text": Family(
        stack(
            by(
                _word("layer_types"),
                sliding_attention=attention(qk_norm="head"),
                full_attention=_global,
            ),
            mlp(),
            # With experts three norms more, a scale of the router's input and one of each expert; all have a scale of the layer.
            by(_moe_block, moe=stack(norms(8), experts(has_router_bias=True)), dense=norms(4)),
            lambda _: Weights(1),
        ),
        is_tied=True,
        prepare=_without("hidden_size_per_layer_input", "no arithmetic is proved for embeddings of each layer"),
    ),
    "glm4_moe": Family(_GLM4_MOE_LAYER, prediction=stack(_GLM4_MOE_LAYER, _join()), active="layers"),
    "glm_moe_dsa": replace(_DEEPSEEK_V3, active="layers"),
    "gpt2": Family(
        _BIASED_LAYER,
        last_norm=norms(1, has_bias=True),
        around=lambda facts: Weights(facts.number("n_positions") * facts.number("hidden")),
        is_tied=True,
        defaults=_BIASED,
        prepare=_four_wide,
    ),
    "gpt_neox": Family(_BIASED_LAYER, last_norm=norms(1, has_bias=True), defaults=_BIASED),
    # Its model card counts the head and not the embedding (https://arxiv.org/abs/2508.10925, table 1).
    "gpt_oss": Family(
        stack(attention(has_sinks=True), experts(has_router_bias=True), norms(2)),
        active="head",
        defaults=_BIASED,
    ),
    "granite": _LLAMA,
    "granitemoe": _MIXTRAL,
    "granitemoehybrid": Family(
        stack(
            by(_word("layer_types"), mamba=mamba2, attention=attention()),
            lambda facts: experts()(facts) if facts.number("experts", 0, least=0) else Weights(),
            shared_mlp("shared_intermediate_size"),
            norms(2),
        ),
        is_tied=True,
    ),
    "granitemoeshared": Family(stack(attention(), experts(), shared_mlp("shared_intermediate_size"), norms(2))),
    "hunyuan_v1_moe": Family(
        stack(attention(qk_norm="stated"), sparse(stack(experts(), shared_experts())), norms(2)),
        prepare=_without("use_cla", "no arithmetic is proved for keys that layers share"),
    ),
    "internlm2": _LLAMA,
    "jamba": Family(
        stack(
            by(_at("attn_layer_period", "attn_layer_offset"), here=attention(), elsewhere=mamba(has_norms=True)),
            by(_at("expert_layer_period", "expert_layer_offset"), here=experts(), elsewhere=mlp()),
            norms(2),
        )
    ),
    "kimi_k2": _DEEPSEEK_V3,
    "kimi_linear": Family(
        stack(by(_delta, linear=delta_attention, full=latent_attention), _NOAUX, norms(2), _residual_attention(4)),
        around=_residual_attention(2),
        active="head",
    ),
    "llama": _LLAMA,
    "llama4_text": Family(
        stack(attention(), sparse(stack(experts(), shared_experts())), norms(2)), defaults={"n_shared_experts": 1}
    ),
    # Each layer has two of attention and of a dense network, and experts beside them (https://arxiv.org/abs/2509.01322).
    "longcat_flash": Family(
        stack(
            latent_attention,
            latent_attention,
            mlp(width="ffn_hidden_size"),
            mlp(width="ffn_hidden_size"),
            experts(has_router_bias=True),
            norms(4),
        ),
        prediction=stack(latent_attention, mlp(width="ffn_hidden_size"), norms(2), _join(vocabularies=1)),
        active="head",
        defaults={"num_nextn_predict_layers": 1},
    ),
    "mamba": Family(stack(mamba(), norms(1)), is_tied=True),
    "mamba2": Family(stack(mamba2, norms(1)), is_tied=True),
    "mimo": _QWEN2,
    "mimo_v2_flash": Family(
        stack(
            by(_word("hybrid_layer_pattern"), **{"0": attention(), "1": _sliding}),
            _NOAUX,
            norms(2),
        ),
        active="head",
    ),
    "minimax_m2": Family(stack(attention(qk_norm="full"), experts(has_router_bias=True), norms(2)), active="layers"),
    "minimax_m3": Family(stack(attention(qk_norm="head"), index_branch, _NOAUX, norms(2)), active=None),
    "minimax_text_01": Family(
        stack(by(_lightning, linear=lightning_attention, full=attention()), experts(), norms(2)), active="layers"
    ),
    "mistral": _LLAMA,
    "mixtral": _MIXTRAL,
    "mpt": Family(stack(attention(), mlp(matrices=2), norms(2)), is_tied=True, prepare=_mpt),
    "nemotron": Family(_BIASED_LAYER, last_norm=norms(1, has_bias=True)),
    "nemotron-nas": Family(stack(_searched_attention, _searched_mlp)),
    "nemotron_h": Family(
        stack(
            by(
                _word("layers_block_type"),
                mamba=mamba2,
                attention=attention(),
                mlp=mlp(matrices=2),
                moe=stack(
                    experts(matrices=2, has_router_bias=True),
                    shared_experts(matrices=2, width="moe_shared_expert_intermediate_size"),
                ),
            ),
            norms(1),
        ),
        defaults={
            "head_dim": 128,
            "mamba_num_heads": 128,
            "mamba_head_dim": 64,
            "n_groups": 8,
            "ssm_state_size": 128,
            "conv_kernel": 4,
        },
        prepare=_nemotron_h,
    ),
    "olmo": Family(stack(attention(), mlp()), last_norm=nothing),
    "olmo2": _OLMO2,
    "olmo3": _OLMO2,
    "olmoe": Family(stack(attention(qk_norm="full"), experts(), norms(2))),
    "phi": Family(
        stack(attention(), mlp(matrices=2), norms(1, has_bias=True)),
        last_norm=norms(1, has_bias=True),
        defaults={**_BIASED, "lm_head_bias": True},
    ),
    "phi3": _LLAMA,
    "phimoe": Family(stack(attention(), experts(), norms(2, has_bias=True)), last_norm=norms(1, has_bias=True)),
    "qwen": replace(_QWEN2, prepare=_qwen),
    "qwen2": _QWEN2,
    "qwen2_5_vl": _QWEN2,
    "qwen2_moe": Family(stack(attention(has_qkv_bias=True), _GATED_EXPERTS, norms(2))),
    "qwen2_vl": _QWEN2,
    "qwen3": _QWEN3,
    "qwen3_5_moe_text": replace(_QWEN3_NEXT, active="all"),
    "qwen3_moe": _QWEN3_MOE,
    "qwen3_next": _QWEN3_NEXT,
    "qwen3_omni_moe_text": _QWEN3_MOE,
    "qwen3_vl_moe_text": _QWEN3_MOE,
    "qwen3_vl_text": _QWEN3,
    "smollm3": Family(_DENSE, is_tied=True),
    "stablelm": Family(
        stack(attention(), mlp(), norms(2, has_bias=True)), last_norm=norms(1, has_bias=True), prepare=_stablelm
    ),
    "starcoder2": Family(_BIASED_LAYER, last_norm=norms(1, has_bias=True), is_tied=True, defaults=_BIASED),
    "RefinedWeb": _FALCON,
    "RefinedWebModel": _FALCON,
}
