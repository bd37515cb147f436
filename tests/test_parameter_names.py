"""What a model's name says of its size, and what it does not."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard_etl.normalize.parameters import parse_name, safetensors_total
from leaderboard_etl.policy import read_policy

METHODS = read_policy().frame("parameter_methods")


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
        "org/3b-and-7b",
        "7b/no-size-in-the-model",
    ],
)
def test_what_is_no_single_size_is_null_with_a_reason(name: str) -> None:
    found = parse_name(name)
    assert found.params_total is None and found.reason


@given(name=st.text(max_size=400))
def test_no_name_raises_or_gives_both_a_size_and_a_reason(name: str) -> None:
    found = parse_name(name)
    assert (found.params_total is None) == (found.reason is not None)


@given(number=st.integers(1, 999), unit=st.sampled_from(["b", "B", "m", "M"]))
def test_the_size_is_the_number_times_its_unit(number: int, unit: str) -> None:
    assert parse_name(f"org/model-{number}{unit}-chat").params_total == number * (10**9 if unit in "bB" else 10**6)


def test_a_hardcoded_total_does_not_hide_the_sum() -> None:
    # https://github.com/huggingface/huggingface_hub/issues/4221
    params, reason = safetensors_total({"BF16": 7_615_616_512}, 333_312, is_quantized=False)
    assert params == 7_615_616_512 and reason is not None


@pytest.mark.parametrize(
    ("dtypes", "is_quantized"), [({"I32": 900, "F16": 100}, False), ({"F16": 100}, True), ({"F16": 10**30}, False)]
)
def test_packed_or_impossible_weights_are_not_counted(dtypes: dict[str, int], is_quantized: bool) -> None:
    assert safetensors_total(dtypes, None, is_quantized=is_quantized)[0] is None


def claims(*rows: tuple[str, int | None]) -> pl.DataFrame:
    frame = pl.DataFrame(list(rows), schema={"method": pl.String, "params": pl.Int64}, orient="row")
    names = ("source_id", "source_name", "precision", "path", "reason")
    return frame.with_columns(
        pl.lit("m").alias("model_id"), pl.lit("total").alias("kind"), *[pl.lit(None, pl.String).alias(n) for n in names]
    )


def chosen(frame: pl.DataFrame) -> list[tuple[str, int]]:
    return choose(frame, METHODS).filter("is_chosen").select("method", "params").rows()


def test_the_best_method_that_states_a_number_is_chosen() -> None:
    assert chosen(claims(("name", 7), ("leaderboard", 8), ("safetensors", None))) == [("leaderboard", 8)]
    assert chosen(claims(("name", 7), ("override", 9), ("safetensors", 8))) == [("override", 9)]


def test_nothing_is_chosen_where_no_method_states_a_number() -> None:
    assert chosen(claims(("name", None), ("leaderboard", None))) == []


def test_a_method_that_is_over_a_tenth_off_is_flagged_and_the_winner_kept() -> None:
    rows = choose(claims(("safetensors", 100), ("leaderboard", 111), ("name", 110)), METHODS)
    assert dict(rows.select("method", "is_disagreeing").rows()) == {
        "safetensors": False,
        "leaderboard": True,
        "name": False,
    }


def test_whole_billions_yield_to_a_name_and_disagree_only_beyond_one() -> None:
    cut = claims(("name", 2_700_000_000), ("leaderboard_whole", 2_000_000_000))
    assert chosen(cut) == [("name", 2_700_000_000)]
    assert not choose(cut, METHODS)["is_disagreeing"].any()
    far = claims(("name", 2_700_000_000), ("leaderboard_whole", 5_000_000_000))
    assert choose(far, METHODS)["is_disagreeing"].sum() == 1
