"""What a model's name says about its size, and what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard_etl.sizes.names import parse_name, safetensors_total


@pytest.mark.parametrize(
    ("name", "total", "active"),
    [
        ("org/llama-7b", 7e9, None),
        ("org/Llama-2-7B-chat", 7e9, None),
        ("org/TinyLlama-1.1b", 1.1e9, None),
        ("org/model-13.5b", 13.5e9, None),
        ("org/opt-350m", 350e6, None),
        ("org/bloom-7b1", 7.1e9, None),
        ("org/Qwen3-30B-A3B", 30e9, 3e9),
        ("org/qwen3-235b-a22b-instruct", 235e9, 22e9),
        ("org/Llama-2-70b-gptq", 70e9, None),
        ("org/phi-2.7B-4k", 2.7e9, None),
        ("org/Llama_3_8B_it", 8e9, None),
        ("org/llama_2_7b", 7e9, None),
        ("org/stablelm-2-1_6b-chat", 1.6e9, None),
        ("org/internlm2_5-1_8b-chat", 1.8e9, None),
        ("org/LLAMA-3_8B_Unaligned_BETA", 8e9, None),
        ("org/opt125m_10e5", 125e6, None),
        ("org/Mistral7B-PairRM-SPPO", 7e9, None),
        ("org/granite-3.1-3b-a800m-base", 3e9, 800e6),
        ("org/Qwen2.5-7B-Instruct-1M", 7e9, None),
        ("org/Infinity-Instruct-3M-0613-Llama3-70B", 70e9, None),
        ("org/TinyLlama-1.1B-intermediate-step-1431k-3T", 1.1e9, None),
        ("org/nucleus-22B-token-500B", 22e9, None),
        ("org/Ling-1T-A50B", 1e12, 50e9),
        ("org/Kimi-K2-1.04T-A32B", 1.04e12, 32e9),
        ("deepseek-ai/deepseek-moe-16b-chat", 16e9, None),
        ("org/Llama-4-Scout-109B-MoE", 109e9, None),
        ("org/Truthful_DPO_MOE_19B", 19e9, None),
        ("org/Qwen2.5-0.5B-SFT-2e-5-2ep", 0.5e9, None),
    ],
)
def test_a_size_that_stands_alone_is_read(name: str, total: float, active: float | None) -> None:
    found = parse_name(name)
    assert (found.params_total, found.params_active, found.reason) == (total, active, None)


@pytest.mark.parametrize(
    "name",
    [
        "org/Mixtral-8x7B",
        "org/mixtral-8x22B-v0.1",
        "org/model-3b-to-70b",
        "facebook/m2m-100",
        "org/foo-4bit",
        "org/foo-128k",
        "org/foo-v0.1",
        "org/gemma-3n-e4b-it",
        "org/Llama-4-Scout-16E",
        "org/Llama-4-Scout-17B-16E",
        "org/SOLARC-10.7Bx4",
        "org/3b-and-7b",
        "org/Q2.5-Instruct-1M_Harmony",
        "org/DPO-miniguanaco-1.5T",
        "org/frqwen2.5-from7b-it",
        "org/Llama-3.1-8B-passthrough-merge",
        "org/FrankenMonarch-7B",
        "org/pruned60-llama-3.2-3b",
        "org/sixtyoneeighty-7b-MOE",
        "org/Franken-MoE-18B",
        "org/TinyLlama-3T-7T",
        "7b/no-size-in-the-model",
    ],
)
def test_a_name_without_a_single_size_is_null_with_a_reason(name: str) -> None:
    found = parse_name(name)
    assert found.params_total is None and found.reason


@pytest.mark.parametrize(
    ("name", "active"),
    [
        ("tencent/Hunyuan-A13B-Instruct", 13e9),
        ("moonshotai/Kimi-VL-A3B-Thinking", 3e9),
        ("Qwen/Qwen1.5-MoE-A2.7B", 2.7e9),
    ],
)
def test_an_active_size_without_a_total_is_active(name: str, active: float) -> None:
    found = parse_name(name)
    assert found.params_total is None and found.params_active == active and "no total" in str(found.reason)


@given(name=st.text(max_size=400))
def test_no_name_raises_or_gives_both_a_size_and_a_reason(name: str) -> None:
    found = parse_name(name)
    assert (found.params_total is None) == (found.reason is not None)


@given(number=st.integers(11, 999), unit=st.sampled_from(["b", "B", "m", "M"]))
def test_the_size_is_the_number_times_its_unit(number: int, unit: str) -> None:
    assert parse_name(f"org/model-{number}{unit}-chat").params_total == number * (10**9 if unit in "bB" else 10**6)


def test_a_hardcoded_total_does_not_hide_the_sum() -> None:
    # https://github.com/huggingface/huggingface_hub/issues/4221
    params, reason = safetensors_total({"BF16": 7_615_616_512}, 333_312)
    assert params == 7_615_616_512 and reason is not None


@pytest.mark.parametrize("dtypes", [{"I32": 900, "F16": 100}, {"U8": 348_933_120, "F16": 345_653_248}, {"F16": 10**30}])
def test_packed_or_impossible_weights_are_not_counted(dtypes: dict[str, int]) -> None:
    assert safetensors_total(dtypes, None)[0] is None
