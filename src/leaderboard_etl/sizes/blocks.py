"""The blocks that language models are composed of, and the number of weights in each by the facts of a config.json.

A block is a function from the facts of one layer to its weights. The shapes are those of the modelling code of transformers
(https://github.com/huggingface/transformers, src/transformers/models/<model_type>), or of the vendor, whom the block names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from leaderboard_etl.sizes.facts import CannotTellError, Facts


@dataclass(frozen=True)
class Weights:
    """The parameters of a part of a model, and those of them that a token does not visit: experts not chosen, rows not read."""

    total: int = 0
    idle: int = 0

    def __add__(self, other: Weights) -> Weights:
        return Weights(self.total + other.total, self.idle + other.idle)


Block = Callable[[Facts], Weights]
Kind = Callable[[Facts], str]


def stack(*blocks: Block) -> Block:
    """Blocks one after another, or side by side."""
    return lambda facts: sum((block(facts) for block in blocks), Weights())


def by(kind: Kind, **blocks: Block) -> Block:
    """The block of the layer's kind."""

    def chosen(facts: Facts) -> Weights:
        name = kind(facts)
        if name not in blocks:
            raise CannotTellError(f"config.json has a layer of the unknown kind {name[:40]!r}")
        return blocks[name](facts)

    return chosen


def nothing(_: Facts) -> Weights:
    """No weights."""
    return Weights()


def norms(count: int, *, has_bias: bool = False) -> Block:
    """Norms over the hidden size; as many as the config's `norms` says, where a family has that."""
    return lambda facts: Weights(
        facts.number("norms", count, least=0) * facts.number("hidden") * (2 if has_bias else 1)
    )


# Mixers of tokens


def attention(
    *,
    qk_norm: Literal["", "head", "full", "stated"] = "",
    has_qkv_bias: bool = False,
    has_output_bias: bool = True,
    has_sinks: bool = False,
    has_gate: bool = False,
    has_values: bool = True,
) -> Block:
    """Attention with as many heads for keys and values as the config states.

    `qk_norm` is "head" (one weight per position of a head), "full" (one per position of all heads) or "stated" (the former,
    if the config says so). `has_qkv_bias` holds whatever the config says; with `has_output_bias` a stated attention_bias is the
    output's too; with `has_gate` queries are twice as wide, for a gate on the output; without `has_values` keys are the values.
    """

    def weights(facts: Facts) -> Weights:
        hidden, heads = facts.number("hidden"), facts.number("heads")
        kv_heads = facts.number("kv_heads", heads, most=heads)
        if not facts.states("head_dim") and hidden % heads:
            raise CannotTellError("hidden_size in config.json is not a multiple of its heads")
        head = facts.number("head_dim", hidden // heads)
        value_head = facts.number("v_head_dim", head)
        query, key, value = heads * head, kv_heads * head, kv_heads * value_head if has_values else 0
        output = heads * value_head
        asked = query * (2 if has_gate else 1)
        count = hidden * (asked + key + value + output)
        has_bias = facts.flag("attention_bias")
        if has_bias or facts.flag("use_qkv_bias", has_qkv_bias):
            count += asked + key + value
        if has_bias and has_output_bias:
            count += hidden
        if qk_norm == "full" or facts.flag("use_full_qk_norm"):
            count += query + key
        elif qk_norm == "head" or (qk_norm == "stated" and facts.flag("use_qk_norm")):
            count += 2 * head
        return Weights(count + (heads if has_sinks else 0))

    return weights


def latent_attention(facts: Facts) -> Weights:
    """Multi-head latent attention (https://arxiv.org/abs/2405.04434), with the sparse indexer of V3.2 and the output gate of
    Kimi K3 where stated."""
    hidden, heads, latent = facts.number("hidden"), facts.number("heads"), facts.number("kv_lora_rank")
    plain, rotary, value = (facts.number(name) for name in ("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"))
    rank = facts.number("q_lora_rank", 0, least=0)
    query = rank * (hidden + 1 + heads * (plain + rotary)) if rank else hidden * heads * (plain + rotary)
    count = query + hidden * (latent + rotary) + latent + latent * heads * (plain + value) + heads * value * hidden
    if facts.flag("attention_bias"):
        count += rank + latent + rotary + hidden
    if facts.flag("mla_use_output_gate"):
        count += hidden * heads * value
    if facts.states("index_n_heads"):
        readers, head = facts.number("index_n_heads"), facts.number("index_head_dim")
        count += rank * readers * head + hidden * (head + readers) + 2 * head
    return Weights(count)


def compressed_attention(facts: Facts) -> Weights:
    """DeepSeek-V4 (https://huggingface.co/deepseek-ai/DeepSeek-V4-Pro): queries and outputs of low rank, one head of keys that
    are the values too, and in most layers keys of so many tokens compressed to one. If those are four, an indexer chooses."""
    hidden, heads, head = facts.number("hidden"), facts.number("heads"), facts.number("head_dim")
    rank, output_rank, groups = facts.number("q_lora_rank"), facts.number("o_lora_rank"), facts.number("o_groups")
    count = rank * (hidden + 1 + heads * head) + hidden * head + head + heads
    count += output_rank * heads * head + groups * output_rank * hidden
    ratio = facts.number("compress_ratios", least=0)

    def compressor(width: int) -> int:
        # Windows of four overlap: one half of the width each.
        kept = 2 * width if ratio == _OVERLAPPING else width
        return 2 * hidden * kept + ratio * kept + width

    if ratio:
        count += compressor(head)
    if ratio == _OVERLAPPING:
        readers, index_head = facts.number("index_n_heads"), facts.number("index_head_dim")
        count += rank * readers * index_head + hidden * readers + compressor(index_head)
    return Weights(count)


_OVERLAPPING = 4


def index_branch(facts: Facts) -> Weights:
    """The branch that chooses blocks of keys in MiniMax-M3's sparse layers (https://huggingface.co/MiniMaxAI/MiniMax-M3)."""
    sparse = facts.part("sparse_attention_config")
    if not sparse.number("sparse_attention_freq", least=0):
        return Weights()
    heads, head = sparse.number("sparse_num_index_heads"), sparse.number("sparse_index_dim")
    return Weights(facts.number("hidden") * (heads + 1) * head + 2 * head)


def lightning_attention(facts: Facts) -> Weights:
    """Linear attention with an output gate and a norm (https://arxiv.org/abs/2501.08313)."""
    hidden, inner = facts.number("hidden"), facts.number("heads") * facts.number("head_dim")
    return Weights(5 * hidden * inner + inner)


def gated_delta(facts: Facts) -> Weights:
    """Gated DeltaNet of Qwen3-Next and Qwen3.5 (https://arxiv.org/abs/2412.06464)."""
    hidden, values = facts.number("hidden"), facts.number("linear_num_value_heads")
    head = facts.number("linear_value_head_dim")
    key = facts.number("linear_num_key_heads") * facts.number("linear_key_head_dim")
    value = values * head
    projections = hidden * (2 * key + 2 * value + 2 * values) + value * hidden
    return Weights(projections + facts.number("kernel") * (2 * key + value) + 2 * values + head)


def delta_attention(facts: Facts) -> Weights:
    """Kimi Delta Attention (https://arxiv.org/abs/2510.26692); its output gate is of full rank in Kimi K3."""
    hidden, linear = facts.number("hidden"), facts.part("linear_attn_config")
    heads, head = linear.number("num_heads"), linear.number("head_dim")
    inner = heads * head
    low_rank = hidden * head + head * inner
    gate = hidden * inner if linear.flag("use_full_rank_gate") else low_rank
    count = 4 * hidden * inner + 3 * linear.number("kernel") * inner + low_rank + gate + hidden * heads
    return Weights(count + inner + heads + head)


def mamba(*, has_norms: bool = False) -> Block:
    """The selective state space block (https://arxiv.org/abs/2312.00752); Jamba norms the parts of its projection."""

    def weights(facts: Facts) -> Weights:
        hidden, state = facts.number("hidden"), facts.number("state", 16)
        inner = facts.number("expand", 2) * hidden
        rank = facts.number("mamba_dt_rank" if facts.states("mamba_dt_rank") else "time_step_rank", -(-hidden // 16))
        count = 3 * hidden * inner + inner * facts.number("kernel", 4)
        count += inner * (rank + 2 * state) + rank * inner + inner + inner * state + inner
        count += inner if facts.flag("use_conv_bias", facts.flag("mamba_conv_bias", True)) else 0
        if facts.flag("use_bias", facts.flag("mamba_proj_bias")):
            count += 2 * inner + hidden
        return Weights(count + (rank + 2 * state if has_norms else 0))

    return weights


def mamba2(facts: Facts) -> Weights:
    """The block of Mamba-2 (https://arxiv.org/abs/2405.21060)."""
    hidden, state, groups = facts.number("hidden"), facts.number("state"), facts.number("groups")
    heads = facts.number("mamba_heads")
    inner = heads * facts.number("mamba_head_dim")
    mixed = inner + 2 * groups * state
    count = hidden * (inner + mixed + heads) + mixed * facts.number("kernel") + 3 * heads + inner + inner * hidden
    count += mixed if facts.flag("use_conv_bias", facts.flag("mamba_conv_bias", True)) else 0
    if facts.flag("use_bias", facts.flag("mamba_proj_bias")):
        count += inner + mixed + heads + hidden
    return Weights(count)


# Feed-forward parts


def mlp(*, matrices: int = 3, width: str = "width") -> Block:
    """A feed-forward network: gate, up and down, or without the gate; none where its `width` is 0."""
    return lambda facts: Weights(_mlp(facts, matrices, facts.number("hidden"), facts.number(width, least=0)))


def experts(*, matrices: int = 3, has_router_bias: bool = False) -> Block:
    """Routed experts and their router; they may work on fewer dimensions than the model."""

    def weights(facts: Facts) -> Weights:
        hidden, count = facts.number("hidden"), facts.number("experts")
        chosen = facts.number("chosen", most=count + facts.number("zero_expert_num", 0, least=0))
        inner = facts.number("latent", hidden)
        one = _mlp(facts, matrices, inner, facts.number("expert_width"))
        routes = count
        if facts.states("zero_expert_num"):
            # A part of the choices falls on experts that do nothing; balanced training chooses all alike.
            routes += facts.number("zero_expert_num", least=0)
            chosen = chosen * count // routes
        total = count * one + routes * (hidden + int(has_router_bias))
        if facts.states("latent"):
            total += 2 * hidden * inner + (inner if facts.flag("latent_moe_use_norm") else 0)
        return Weights(total, (count - chosen) * one)

    return weights


def shared_experts(*, matrices: int = 3, width: str = "expert_width") -> Block:
    """Experts that every token visits."""

    def weights(facts: Facts) -> Weights:
        count = facts.number("shared_experts", 0, least=0)
        return Weights(_mlp(facts, matrices, facts.number("hidden"), count * facts.number(width)) if count else 0)

    return weights


def shared_mlp(width: str, *, has_gate: bool = False) -> Block:
    """One feed-forward network beside the experts, where the config states a width for it; Qwen gates its output."""

    def weights(facts: Facts) -> Weights:
        if not facts.states(width):
            return Weights()
        hidden = facts.number("hidden")
        return Weights(_mlp(facts, 3, hidden, facts.number(width, least=0)) + (hidden if has_gate else 0))

    return weights


def sparse(experts_block: Block, dense: Block | None = None) -> Block:
    """Experts in every so many layers after the first dense ones, and a dense network in the others."""
    dense = dense or mlp()

    def weights(facts: Facts) -> Weights:
        layer, frequency = facts.layer, facts.number("moe_layer_freq", 1, least=0)
        is_sparse = (
            layer >= facts.number("first_sparse", 0, least=0)
            and frequency > 0
            and (facts.lists("moe_layer_freq") or layer % frequency == 0)
            and (layer + 1) % facts.number("step", 1) == 0
            and layer not in facts.numbers("mlp_only_layers")
        )
        return (experts_block if is_sparse else dense)(facts)

    return weights


def _mlp(facts: Facts, matrices: int, hidden: int, width: int) -> int:
    up = (matrices - 1) * width
    return (up + width) * hidden + (up + hidden if width and facts.flag("mlp_bias") else 0)
