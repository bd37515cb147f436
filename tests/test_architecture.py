"""Sizes from config.json: what is counted and what is not, and no config raises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_family_sizes import GOLDEN, MPT_7B, NEWER, dense

from leaderboard_etl.sizes.architecture import config_parameters


def test_layers_for_multi_token_prediction_are_in_no_total() -> None:
    config = next(family["config"] for family in NEWER if family["name"].startswith("DeepSeek-V3"))
    bare = config_parameters({**config, "num_nextn_predict_layers": 0})
    found = config_parameters(config)
    assert (found.total, found.active) == (bare.total, bare.active)
    assert bare.prediction == 0 and found.prediction == pytest.approx(684.5e9 - 671.0e9, rel=0.01)


def test_active_parameters_that_no_count_explains_are_null_with_the_reason() -> None:
    found = config_parameters(next(family["config"] for family in NEWER if family["name"] == "MiniMax-M3"))
    assert found.total is not None and found.reason is None
    assert found.active is None and "no count of this kind" in str(found.active_reason)


def test_a_hybrid_that_does_not_say_which_layers_attend_gives_no_size() -> None:
    config = next(family["config"] for family in NEWER if family["name"].startswith("Granite 4.0"))
    found = config_parameters({**config, "layer_types": None})
    assert found.total is None and "layer_types of layer 0" in str(found.reason)
    odd = config_parameters({**config, "layer_types": ["another"] * 40})
    assert odd.total is None and "unknown kind 'another'" in str(odd.reason)


def test_a_list_of_layers_with_anything_but_numbers_gives_no_size() -> None:
    config = next(family["config"] for family in NEWER if family["name"].startswith("Kimi-Linear"))
    layers = config["linear_attn_config"]["kda_layers"]
    odd = {**config["linear_attn_config"], "kda_layers": [*layers[:-1], str(layers[-1])]}
    found = config_parameters({**config, "linear_attn_config": odd})
    assert found.total is None and "kda_layers" in str(found.reason)


def test_a_model_that_embeds_for_each_layer_has_no_experts_although_it_uses_fewer_than_it_has() -> None:
    found = config_parameters(next(family["config"] for family in NEWER if family["name"].startswith("Gemma 3n")))
    assert found.total is not None and found.active is not None
    assert found.active < found.total / 2 and found.is_moe is False


def test_a_dense_model_uses_all_of_its_parameters() -> None:
    for name, config, total_b, active_b, _ in GOLDEN:
        found = config_parameters(config)
        assert (found.total == found.active) == (total_b == active_b), name


@pytest.mark.parametrize("name", ["Qwen2ForRewardModel", "Qwen2ForSequenceClassification", "Qwen2Model"])
def test_a_model_that_judges_or_embeds_has_no_head_over_the_vocabulary(name: str) -> None:
    # The table counts 7.071 for nvidia/AceMath-7B-RM and 7.616 for the chat model of the same config.
    config = dense("qwen2", 3584, 28, 28, 4, 18944, 152064)
    for each, total in ((name, 7.071e9), ("Qwen2ForCausalLM", 7.616e9)):
        assert config_parameters({**config, "architectures": [each]}).total == pytest.approx(total, rel=0.001)


def test_experts_in_a_config_of_a_dense_family_give_no_size() -> None:
    for experts in ({"num_local_experts": 8}, {"moe_config": {"moe_num_experts": 32}}, {"num_experts": [64, 64]}):
        found = config_parameters({**GOLDEN[0][1], **experts})
        assert found.total is None and "states experts" in str(found.reason) and found.is_moe
    assert config_parameters({**GOLDEN[0][1], "num_local_experts": 1}).total is not None


@pytest.mark.parametrize(
    "change",
    [
        {"no_bias": False},
        {"attn_config": {"qk_ln": True}},
        {"attn_config": {"attn_type": "another"}},
        {"attn_config": {"attn_type": "grouped_query_attention"}},
    ],
)
def test_an_mpt_with_another_architecture_is_not_counted_as_the_common_one(change: dict[str, Any]) -> None:
    assert config_parameters({**MPT_7B, "attn_config": {"attn_type": "multihead_attention"}}).total is not None
    assert config_parameters({**MPT_7B, **change}).total is None


def test_only_the_text_part_of_a_multimodal_model_is_counted_and_the_reason_says_so() -> None:
    text = dense("llama", 4096, 32, 32, 8, 14336, 128256)
    found = config_parameters({"model_type": "some_vl", "text_config": text, "vision_config": {}})
    assert found.total == config_parameters(text).total
    assert found.reason == "of the text model alone"


def test_a_config_within_configs_is_found_at_any_depth() -> None:
    nested = GOLDEN[0][1]
    for _ in range(2000):
        nested = {"text_config": nested}
    assert config_parameters(nested).total == config_parameters(GOLDEN[0][1]).total


def test_quantisation_does_not_change_the_number_of_weights() -> None:
    config = GOLDEN[0][1]
    assert config_parameters({**config, "quantization_config": {"bits": 4}}) == config_parameters(config)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hidden_size": None}, "states no hidden_size"),
        ({"hidden_size": -1}, "not a possible size"),
        ({"hidden_size": 4097}, "not a multiple of its heads"),
        ({"num_hidden_layers": 10**9}, "not a possible size"),
        ({"model_type": "never_heard_of"}, "no arithmetic for the model_type"),
    ],
)
def test_an_incomplete_config_gives_null_with_the_reason(change: dict[str, Any], said: str) -> None:
    found = config_parameters({**GOLDEN[0][1], **change})
    assert found.total is None and found.active is None
    assert said in str(found.reason)


CONFIGS = [
    *(g[1] for g in GOLDEN),
    *(family["config"].get("text_config", family["config"]) for family in NEWER),
]
JUNK = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=3)
)


@given(
    st.sampled_from(CONFIGS),
    st.dictionaries(st.sampled_from(sorted({key for config in CONFIGS for key in config})), JUNK),
)
def test_no_config_raises_or_gives_a_size_below_one(config: dict[str, Any], junk: dict[str, Any]) -> None:
    found = config_parameters({**config, **junk})
    assert found.total is not None or found.active is None
    assert found.total is None or found.active is not None or found.active_reason
    assert found.total is None or found.active is None or 1 <= found.active <= found.total
    assert found.total is not None or found.reason
