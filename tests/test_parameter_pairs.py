"""Total and active parameters must fit together: contradicting statements are doubted or refused, with the reason."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_parameter_evidence import claim, evidence, reasons, size, statement

from leaderboard_etl.sizes.architecture import TEXT_ALONE
from leaderboard_etl.sizes.names import safetensors_total

WHOLE = 8_030_261_248


def active(found: pl.DataFrame, model_id: str = "o/m") -> int | None:
    rows = found.filter((pl.col("model_id") == model_id) & (pl.col("kind") == "active") & pl.col("is_chosen"))
    return rows["params"].to_list()[0] if rows.height else None


def laid_out(total: int | None, used: int | None, model_id: str = "o/m") -> list[dict[str, Any]]:
    place = {"source_id": "model_cards", "path": "config.json", "precision": "n/a"}
    return [claim(model_id, "config", n, kind=kind, **place) for kind, n in (("total", total), ("active", used))]


def counted(params: int | None, method: str = "safetensors") -> dict[str, Any]:
    return claim("o/m", method, params, source_id="model_cards", path="@api/model_info.json", precision="n/a")


@pytest.mark.parametrize("part", [8194, 41_943_040, int(0.89 * WHOLE)])
@pytest.mark.parametrize("method", ["safetensors", "index"])
def test_a_count_of_a_part_of_the_weights_yields_to_the_config_and_says_why(part: int, method: str) -> None:
    found = evidence([statement("o/m")], [counted(part, method), *laid_out(WHOLE, WHOLE)])
    assert size(found, "o/m") == ("config", WHOLE) and active(found) == WHOLE
    assert reasons(found, "o/m", method) == [f"under nine tenths of the {WHOLE} parameters that config.json lays out"]


def test_weights_close_to_what_the_config_lays_out_are_the_size() -> None:
    found = evidence([statement("o/m")], [counted(7_500_000_000), *laid_out(WHOLE, WHOLE)])
    assert size(found, "o/m") == ("safetensors", 7_500_000_000) and active(found) == WHOLE
    assert reasons(found, "o/m", "safetensors") == [None]


def test_the_active_parameters_of_another_total_are_refused_and_the_reason_says_which() -> None:
    found = evidence([statement("o/m")], [counted(9_000_000_000), *laid_out(WHOLE, WHOLE)])
    assert size(found, "o/m") == ("safetensors", 9_000_000_000) and active(found) is None
    assert reasons(found, "o/m", "config")[0] == (
        f"{WHOLE} active parameters belong to a total of {WHOLE}, but the believed total is 9000000000"
    )


def test_a_copy_with_fewer_weights_than_its_base_is_packed_and_has_the_size_of_the_base() -> None:
    packed = claim("o/m-4bit", "safetensors", 5_000_000_000, source_id="model_cards", precision="n/a")
    copy = statement("o/m-4bit", "o/m")
    found = evidence([statement("o/m"), copy], [counted(WHOLE), packed])
    assert size(found, "o/m-4bit") == ("base_model", WHOLE)
    assert reasons(found, "o/m-4bit", "safetensors") == [f"under nine tenths of the {WHOLE} parameters of its base"]


def test_the_config_of_a_smaller_model_does_not_say_what_a_larger_one_uses() -> None:
    found = evidence([statement("o/m")], [counted(13_000_000_000), *laid_out(WHOLE, WHOLE)])
    assert size(found, "o/m") == ("safetensors", 13_000_000_000) and active(found) is None


def test_two_counts_of_one_mixture_that_agree_go_together() -> None:
    found = evidence([statement("o/m")], [counted(46_702_792_704), *laid_out(46_700_000_000, 12_900_000_000)])
    assert size(found, "o/m") == ("safetensors", 46_702_792_704) and active(found) == 12_900_000_000


def test_a_name_with_a_rounded_total_still_gives_the_active_parameters() -> None:
    name = "o/granite-1b-a400m"
    found = evidence([statement(name)], [claim(name, "leaderboard", 1_335_000_000)])
    assert size(found, name) == ("leaderboard", 1_335_000_000) and active(found, name) == 400_000_000


def test_active_parameters_above_the_total_are_refused() -> None:
    found = evidence([statement("o/m")], [], ("o/m", "total", "7e9"), ("o/m", "active", "9e9"))
    assert size(found, "o/m") == ("override", 7_000_000_000) and active(found) is None


def test_a_copy_takes_from_its_base_no_active_parameters_that_the_base_does_not_have() -> None:
    copy = statement("o/m-GPTQ", "o/m", precision="GPTQ")
    found = evidence([statement("o/m"), copy], [counted(13_000_000_000), *laid_out(WHOLE, WHOLE)])
    assert size(found, "o/m-GPTQ") == ("base_model", 13_000_000_000) and active(found, "o/m-GPTQ") is None


def test_a_total_with_layers_for_multi_token_prediction_yields_to_the_one_without() -> None:
    # DeepSeek-V3: 671.0 billion, and 684.5 in the files with the layer that is dropped after training.
    place = {"source_id": "model_cards", "path": "config.json", "precision": "n/a"}
    layers = claim("o/m", "config", 13_463_426_304, kind="prediction", **place)
    said = [counted(684_531_386_000), *laid_out(671_026_419_200, 37_552_297_472), layers]
    found = evidence([statement("o/m")], said)
    assert size(found, "o/m") == ("config", 671_026_419_200) and active(found) == 37_552_297_472
    assert reasons(found, "o/m", "safetensors") == ["with 13463426304 parameters of layers for multi-token prediction"]
    assert size(evidence([statement("o/m")], [counted(671_100_000_000), *said[1:]]), "o/m") == (
        "safetensors",
        671_100_000_000,
    )


@pytest.mark.parametrize("method", ["safetensors", "leaderboard"])
def test_whole_billions_of_a_data_set_yield_to_a_count_within_a_tenth(method: str) -> None:
    # Qwen2.5-Coder-7B-Instruct is 7 in a data set, and 7.616 where it was counted.
    found = evidence([statement("o/m")], [counted(7_000_000_000, "reference"), counted(7_616_000_000, method)])
    assert size(found, "o/m") == (method, 7_616_000_000)
    assert reasons(found, "o/m", "reference") == ["rounded, where 7616000000 parameters were counted"]


@pytest.mark.parametrize(
    ("stated", "why"),
    [(7_610_000_000, "it is no whole number of billions"), (9_000_000_000, "it is another size, not this one rounded")],
)
def test_a_published_size_that_is_no_rounding_is_used(stated: int, why: str) -> None:
    found = evidence([statement("o/m")], [counted(stated, "reference"), counted(7_616_000_000)])
    assert size(found, "o/m") == ("reference", stated), why


def test_a_count_of_the_text_model_alone_does_not_make_the_published_size_a_rounding() -> None:
    part = {**laid_out(107_769_861_120, None)[0], "reason": TEXT_ALONE}
    assert size(evidence([statement("o/m")], [counted(109_000_000_000, "reference"), part]), "o/m") == (
        "reference",
        109_000_000_000,
    )


def test_the_text_model_of_several_parts_says_what_the_whole_uses_for_a_token() -> None:
    # Gemma 3n E4B: 7.85 billion with its towers for pictures and sound.
    part = [{**row, "reason": TEXT_ALONE} for row in laid_out(6_866_696_688, 3_980_491_248)]
    found = evidence([statement("o/m")], [counted(7_849_978_192), *part])
    assert size(found, "o/m") == ("safetensors", 7_849_978_192) and active(found) == 3_980_491_248


SIZES = st.one_of(st.none(), st.integers(1, 10**14), st.sampled_from([1, 8194, WHOLE, 10**14]))


@given(
    st.lists(st.tuples(st.sampled_from(["safetensors", "index", "reference", "card_text"]), SIZES, SIZES)), SIZES, SIZES
)
def test_active_parameters_never_exceed_the_total(
    said: list[tuple[str, int | None, int | None]], total: int | None, used: int | None
) -> None:
    made = laid_out(total, used)
    for number, (method, whole, part) in enumerate(said):
        made += [claim("o/m", method, n, kind=k, path=str(number)) for k, n in (("total", whole), ("active", part))]
    found = evidence([statement("o/m")], made)
    chosen = dict(found.filter("is_chosen").select("kind", "params").iter_rows())
    if {"total", "active"} <= chosen.keys():
        assert chosen["active"] <= 1.1 * chosen["total"]
    for kind, params in found.select("kind", "params").iter_rows():
        assert params is None or kind in chosen


@pytest.mark.parametrize(
    "dtypes",
    [
        {"BF16": 302_036_608, "I32": 87_233_280},  # compressed-tensors, four bits, a small model with a big embedding
        {"F16": 1_059_000_000, "I16": 1_744_830_464},  # EXL3
        {"BF16": 262_735_872, "F8_E4M3": 60_817_408, "U8": 243_269_632, "F32": 224},  # NVFP4
    ],
)
def test_packed_weights_are_not_counted_even_if_they_are_few_of_the_elements(dtypes: dict[str, int]) -> None:
    # https://github.com/huggingface/huggingface.js/pull/2003
    assert safetensors_total(dtypes, None)[0] is None


def test_buffers_of_integers_are_not_packed_weights() -> None:
    assert safetensors_total({"BF16": 124_000_000, "I64": 1024}, None) == (124_001_024, None)
