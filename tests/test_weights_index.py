"""A weight index states bytes; the dtype in config.json converts them to parameters. Without a dtype the size is
unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.sources.base import SourceFile
from leaderboard_etl.sources.model_cards import parse
from leaderboard_etl.sources.model_cards.weights_index import index_parameters

INDEX, CONFIG = "model.safetensors.index.json", "config.json"


@pytest.mark.parametrize(
    ("total_size", "dtype", "params"),
    # total_size and torch_dtype from the repositories on the Hub, and the size that each of them publishes.
    [
        (282_215_219_200, "float32", 70_553_804_800),  # mattshumer/Reflection-Llama-3.1-70B: 70.6B
        (281_241_268_224, "bfloat16", 140_620_634_112),  # alpindale/WizardLM-2-8x22B: 141B
        (16_060_522_496, "bfloat16", 8_030_261_248),  # Youlln/1PARAMMYL-8B-ModelStock: 8.03B
        (5_012_344_832, "bfloat16", 2_506_172_416),  # google/gemma-2b-it: 2.51B
        (15_442_649_088, "float16", 7_721_324_544),  # stvlynn/Qwen-7B-Chat-Cantonese: 7.72B
        (54_864_813_280, "bfloat16", 27_432_406_640),  # google/medgemma-27b-it: 27.4B
    ],
)
def test_bytes_divided_by_the_dtype_give_the_published_size(total_size: int, dtype: str, params: int) -> None:
    assert index_parameters({"metadata": {"total_size": total_size}}, {"torch_dtype": dtype}) == (params, None)


def test_shared_weights_that_the_index_counts_twice_are_reported() -> None:
    # google/medgemma-27b-it states 28,842,036,848, because it counts the embeddings, which the head shares, twice.
    metadata = {"total_size": 54_864_813_280, "total_parameters": 28_842_036_848}
    params, reason = index_parameters({"metadata": metadata}, {"torch_dtype": "bfloat16"})
    assert params == 27_432_406_640 and reason is not None and "28842036848" in reason


@pytest.mark.parametrize(
    ("metadata", "config", "params", "reason"),
    [
        ({}, {"dtype": "bfloat16"}, None, "no total_size"),
        ({"total_size": 10}, None, None, "no config.json"),
        ({"total_size": 10}, {}, None, "names no dtype"),
        ({"total_size": 10}, {"torch_dtype": "float8_e4m3fn"}, None, "the number of bytes is not known"),
        ({"total_size": 10}, {"torch_dtype": "float16", "quantization_config": {"bits": 4}}, None, "quantised"),
        ({"total_size": 10, "total_parameters": 7}, {}, 7, None),
        ({"total_size": "16"}, {"text_config": {"torch_dtype": "torch.bfloat16"}}, 8, None),
        ({"total_size": 16.0}, {"dtype": "float32"}, 4, None),
        ({"total_size": -4}, {"dtype": "float32"}, None, "no total_size"),
        ({"total_size": True}, {"dtype": "float32"}, None, "no total_size"),
    ],
)
def test_an_unknown_size_is_null_with_its_reason(
    metadata: dict[str, Any], config: dict[str, Any] | None, params: int | None, reason: str | None
) -> None:
    found, why = index_parameters({"metadata": metadata}, config)
    assert found == params and (why == reason or (reason is not None and why is not None and reason in why))


def file(path: str, content: bytes, name: str = "org/m") -> SourceFile:
    return SourceFile(
        FileVersion("model", name, path, "c" * 40, "b" * 40, len(content), "2025-01-01T00:00:00Z"), content
    )


def test_an_index_is_read_with_the_config_of_its_own_repository_in_any_order() -> None:
    files = [
        file(INDEX, b'{"metadata": {"total_size": 16}}'),
        file(CONFIG, b'{"torch_dtype": "float32"}', "org/other"),
        file(CONFIG, b'{"torch_dtype": "bfloat16"}'),
    ]
    for order in (files, files[::-1]):
        claims = parse(order, read_policy()).parameter_claims
        assert claims.filter(claims["method"] == "index").select("params", "reason").rows() == [(8, None)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
keys = st.sampled_from(
    ["metadata", "total_size", "total_parameters", "torch_dtype", "dtype", "text_config", "quantization_config"]
)
objects = st.dictionaries(keys, json_values | st.dictionaries(keys, json_values, max_size=3), max_size=4)


@given(index=objects, config=objects)
@settings(max_examples=150)
def test_no_json_raises_and_every_size_is_positive(index: dict[str, Any], config: dict[str, Any]) -> None:
    files = [file(INDEX, json.dumps(index).encode()), file(CONFIG, json.dumps(config).encode())]
    claims = parse(files, read_policy()).parameter_claims
    said = claims.filter(claims["method"] == "index")
    assert said.height == 1 and said.filter(said["params"].is_null() & said["reason"].is_null()).is_empty()
    assert said["params"].drop_nulls().ge(0).all()
