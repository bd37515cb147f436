"""Blocks that one family alone has, and how a layer's kind is told where a family mixes several."""

from __future__ import annotations

from leaderboard_etl.sizes.blocks import Block, Kind, Weights, attention, mlp, norms, stack
from leaderboard_etl.sizes.facts import Facts

# Kinds of layers


def kind_of_layer(key: str) -> Kind:
    """The kind that the config lists for each layer under a key."""
    return lambda facts: facts.word(key)


def full_every(key: str, otherwise: str) -> Kind:
    """Attention over all tokens in every so many layers, `otherwise` in the others, unless the config lists the kinds."""

    def kind(facts: Facts) -> str:
        if facts.lists("layer_types"):
            return facts.word("layer_types")
        return "full_attention" if (facts.layer + 1) % facts.number(key) == 0 else otherwise

    return kind


def at_period(period: str, offset: str) -> Kind:
    """Whether a layer is one of every so many, counted from an offset."""
    return lambda facts: "here" if facts.layer % facts.number(period) == facts.number(offset, least=0) else "elsewhere"


def lightning_kind(facts: Facts) -> str:
    """Whether a layer of MiniMax-01 attends to all tokens; every eighth does (https://arxiv.org/abs/2501.08313)."""
    if facts.lists("attn_type_list"):
        return {"0": "linear", "1": "full"}.get(word := facts.word("attn_type_list"), word)
    return "linear" if (facts.layer + 1) % 8 else "full"


def delta_kind(facts: Facts) -> str:
    """Kimi lists its layers of linear attention, counted from 1."""
    return "linear" if facts.layer + 1 in facts.part("linear_attn_config").numbers("kda_layers") else "full"


def moe_kind(facts: Facts) -> str:
    """Whether Gemma 4 has experts, in all of its layers or in none."""
    return "moe" if facts.flag("enable_moe_block") else "dense"


# Blocks


def sliding_attention(facts: Facts) -> Weights:
    """MiMo's layers with a window have heads and sinks of their own."""
    own = facts.under(
        num_attention_heads="swa_num_attention_heads",
        num_key_value_heads="swa_num_key_value_heads",
        head_dim="swa_head_dim",
        v_head_dim="swa_v_head_dim",
    )
    return attention(has_sinks=facts.flag("add_swa_attention_sink_bias"))(own)


def global_attention(facts: Facts) -> Weights:
    """Gemma 4's layers without a window have wider heads, fewer for keys, and use keys as values where the config says so."""
    is_shared = facts.flag("attention_k_eq_v")
    own = facts.under(head_dim="global_head_dim")
    if is_shared:
        own = own.under(num_key_value_heads="num_global_key_value_heads")
    return attention(qk_norm="head", has_values=not is_shared)(own)


def searched_attention(facts: Facts) -> Weights:
    """Attention of a layer that Nemotron's search left, replaced by a matrix or removed, with its norm."""
    block = facts.part("block_configs").part("attention")
    if block.flag("no_op"):
        return Weights()
    hidden, heads = facts.number("hidden"), facts.number("heads")
    if block.flag("replace_with_linear"):
        return Weights(hidden * hidden + hidden)
    kv_heads = heads // block.number("n_heads_in_group", most=heads)
    return stack(attention(), norms(1))(facts.with_(num_key_value_heads=kv_heads))


def searched_mlp(facts: Facts) -> Weights:
    """The feed-forward part of the same, whose width is stated as a factor and rounded up to 256."""
    block = facts.part("block_configs").part("ffn")
    if block.flag("no_op"):
        return Weights()
    hidden = facts.number("hidden")
    if block.flag("replace_with_linear"):
        return Weights(hidden * hidden + hidden)
    width = -(-int(2 * block.ratio("ffn_mult") * hidden / 3) // 256) * 256
    return stack(mlp(), norms(1))(facts.with_(intermediate_size=width))


def per_layer_input(facts: Facts) -> Weights:
    """What a layer of Gemma 3n has beside attention and MLP: the gate of its own input, a low-rank residual (LAuReL) and the
    mixing of parallel streams (AltUp)."""
    hidden, own = facts.number("hidden"), facts.number("hidden_size_per_layer_input")
    streams, rank = facts.number("altup_num_inputs"), facts.number("laurel_rank")
    mixing = streams * hidden + streams**3 + streams**2
    return Weights(2 * hidden * own + 2 * hidden * rank + mixing)


def around_per_layer_inputs(facts: Facts) -> Weights:
    """The embeddings of Gemma 3n for each layer, which are looked up, and what projects them and its streams."""
    hidden, layers = facts.number("hidden"), facts.number("layers")
    own = facts.number("hidden_size_per_layer_input")
    table = facts.number("vocab_size_per_layer_input") * layers * own
    streams = facts.number("altup_num_inputs")
    projections = hidden * layers * own + own + 2 * (streams - 1) * hidden * hidden
    return Weights(table + projections, table)


def hyper_connections(facts: Facts) -> Weights:
    """DeepSeek-V4's mixing of parallel streams before attention and before the experts (https://arxiv.org/abs/2512.24880)."""
    streams = facts.number("hc_mult")
    mixes = (2 + streams) * streams
    return Weights(2 * (mixes * streams * facts.number("hidden") + mixes + 3))


def hyper_head(facts: Facts) -> Weights:
    """What joins DeepSeek-V4's parallel streams after the last layer."""
    streams = facts.number("hc_mult")
    return Weights(streams * streams * facts.number("hidden") + streams + 1)


def residual_attention(count: int) -> Block:
    """Kimi K3 attends to the residuals of earlier blocks: a norm and a vector in each."""
    return lambda facts: Weights(count * facts.number("hidden") if facts.states("attn_res_block_size") else 0)


def join(*, vocabularies: int = 0) -> Block:
    """What joins a layer for multi-token prediction to the model (https://arxiv.org/abs/2412.19437): a matrix, three norms and
    as many of embedding and head as are stored again."""

    def weights(facts: Facts) -> Weights:
        hidden = facts.number("hidden")
        return Weights(2 * hidden * hidden + 3 * hidden + vocabularies * facts.number("vocab") * hidden)

    return weights
