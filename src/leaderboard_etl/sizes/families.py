"""The families of models whose size is counted: of what blocks each is composed, by the model_type of its config.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from leaderboard_etl.sizes import dialects, own_blocks
from leaderboard_etl.sizes.blocks import (
    Block,
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
    prepare: Callable[[dialects.Config], dialects.Config] = lambda config: config


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
    stack(attention(), mlp(matrices=2), norms(2, has_bias=True)),
    last_norm=norms(1, has_bias=True),
    prepare=dialects.falcon,
)
_NOAUX = sparse(stack(experts(has_router_bias=True), shared_experts()))
_DEEPSEEK_V3_LAYER = stack(latent_attention, _NOAUX, norms(2))
_DEEPSEEK_V3 = Family(_DEEPSEEK_V3_LAYER, prediction=stack(_DEEPSEEK_V3_LAYER, own_blocks.join(vocabularies=2)))
_DEEPSEEK_V4_LAYER = stack(
    compressed_attention, experts(has_router_bias=True), shared_experts(), norms(2), own_blocks.hyper_connections
)
_DEEPSEEK_V4 = Family(_DEEPSEEK_V4_LAYER, around=own_blocks.hyper_head, active="head")
_GLM4_MOE_LAYER = stack(attention(qk_norm="stated", has_output_bias=False), _NOAUX, norms(2))
_GATED_ATTENTION = attention(qk_norm="head", has_gate=True)
_GATED_EXPERTS = sparse(stack(experts(), shared_mlp("shared_expert_intermediate_size", has_gate=True)))
_QWEN3_NEXT = Family(
    stack(
        by(
            own_blocks.full_every("full_attention_interval", "linear_attention"),
            full_attention=_GATED_ATTENTION,
            linear_attention=gated_delta,
        ),
        _GATED_EXPERTS,
        norms(2),
    ),
    prediction=stack(_GATED_ATTENTION, _GATED_EXPERTS, norms(2), own_blocks.join()),
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
_BAILING_MOE = Family(_BAILING_MOE_LAYER, prediction=stack(_BAILING_MOE_LAYER, own_blocks.join()))
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
        prepare=dialects.four_wide,
    ),
    "cohere": _COHERE,
    "cohere2": _COHERE,
    "dbrx": replace(_MIXTRAL, prepare=dialects.dbrx),
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
        stack(attention(qk_norm="head"), mlp(), norms(8), own_blocks.per_layer_input),
        around=own_blocks.around_per_layer_inputs,
        is_tied=True,
        # Its effective size leaves out all embeddings (https://ai.google.dev/gemma/docs/gemma-3n).
        active="layers",
        defaults={"altup_num_inputs": 4, "laurel_rank": 64, "vocab_size_per_layer_input": 262144},
    ),
    "gemma4_text": Family(
        stack(
            by(
                own_blocks.kind_of_layer("layer_types"),
                sliding_attention=attention(qk_norm="head"),
                full_attention=own_blocks.global_attention,
            ),
            mlp(),
            # With experts three norms more, a scale of the router's input and one of each expert; all have a scale of the layer.
            by(own_blocks.moe_kind, moe=stack(norms(8), experts(has_router_bias=True)), dense=norms(4)),
            lambda _: Weights(1),
        ),
        is_tied=True,
        prepare=dialects.without("hidden_size_per_layer_input", "no arithmetic is proved for embeddings of each layer"),
    ),
    "glm4_moe": Family(_GLM4_MOE_LAYER, prediction=stack(_GLM4_MOE_LAYER, own_blocks.join()), active="layers"),
    "glm_moe_dsa": replace(_DEEPSEEK_V3, active="layers"),
    "gpt2": Family(
        _BIASED_LAYER,
        last_norm=norms(1, has_bias=True),
        around=lambda facts: Weights(facts.number("n_positions") * facts.number("hidden")),
        is_tied=True,
        defaults=_BIASED,
        prepare=dialects.four_wide,
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
            by(own_blocks.kind_of_layer("layer_types"), mamba=mamba2, attention=attention()),
            lambda facts: experts()(facts) if facts.number("experts", 0, least=0) else Weights(),
            shared_mlp("shared_intermediate_size"),
            norms(2),
        ),
        is_tied=True,
    ),
    "granitemoeshared": Family(stack(attention(), experts(), shared_mlp("shared_intermediate_size"), norms(2))),
    "hunyuan_v1_moe": Family(
        stack(attention(qk_norm="stated"), sparse(stack(experts(), shared_experts())), norms(2)),
        prepare=dialects.without("use_cla", "no arithmetic is proved for keys that layers share"),
    ),
    "internlm2": _LLAMA,
    "jamba": Family(
        stack(
            by(
                own_blocks.at_period("attn_layer_period", "attn_layer_offset"),
                here=attention(),
                elsewhere=mamba(has_norms=True),
            ),
            by(own_blocks.at_period("expert_layer_period", "expert_layer_offset"), here=experts(), elsewhere=mlp()),
            norms(2),
        )
    ),
    "kimi_k2": _DEEPSEEK_V3,
    "kimi_linear": Family(
        stack(
            by(own_blocks.delta_kind, linear=delta_attention, full=latent_attention),
            _NOAUX,
            norms(2),
            own_blocks.residual_attention(4),
        ),
        around=own_blocks.residual_attention(2),
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
        prediction=stack(latent_attention, mlp(width="ffn_hidden_size"), norms(2), own_blocks.join(vocabularies=1)),
        active="head",
        defaults={"num_nextn_predict_layers": 1},
    ),
    "mamba": Family(stack(mamba(), norms(1)), is_tied=True),
    "mamba2": Family(stack(mamba2, norms(1)), is_tied=True),
    "mimo": _QWEN2,
    "mimo_v2_flash": Family(
        stack(
            by(
                own_blocks.kind_of_layer("hybrid_layer_pattern"),
                **{"0": attention(), "1": own_blocks.sliding_attention},
            ),
            _NOAUX,
            norms(2),
        ),
        active="head",
    ),
    "minimax_m2": Family(stack(attention(qk_norm="full"), experts(has_router_bias=True), norms(2)), active="layers"),
    "minimax_m3": Family(stack(attention(qk_norm="head"), index_branch, _NOAUX, norms(2)), active=None),
    "minimax_text_01": Family(
        stack(by(own_blocks.lightning_kind, linear=lightning_attention, full=attention()), experts(), norms(2)),
        active="layers",
    ),
    "mistral": _LLAMA,
    "mixtral": _MIXTRAL,
    "mpt": Family(stack(attention(), mlp(matrices=2), norms(2)), is_tied=True, prepare=dialects.mpt),
    "nemotron": Family(_BIASED_LAYER, last_norm=norms(1, has_bias=True)),
    "nemotron-nas": Family(stack(own_blocks.searched_attention, own_blocks.searched_mlp)),
    "nemotron_h": Family(
        stack(
            by(
                own_blocks.kind_of_layer("layers_block_type"),
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
        prepare=dialects.nemotron_h,
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
    "qwen": replace(_QWEN2, prepare=dialects.qwen),
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
        stack(attention(), mlp(), norms(2, has_bias=True)), last_norm=norms(1, has_bias=True), prepare=dialects.stablelm
    ),
    "starcoder2": Family(_BIASED_LAYER, last_norm=norms(1, has_bias=True), is_tied=True, defaults=_BIASED),
    "RefinedWeb": _FALCON,
    "RefinedWebModel": _FALCON,
}
