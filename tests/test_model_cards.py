"""Cards, API answers and configs are written by strangers: what is readable is read, the rest is quarantined, and
nothing raises."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.model_cards import ABSENT_PATH, INFO_PATH, parse
from leaderboard_etl.sources.shared.front_matter import (
    FrontMatterError,
    contradictions,
    read_front_matter,
    read_yaml,
)

POLICY = read_policy()


def read(path: str, content: bytes | dict[str, Any]) -> Parsed:
    body = json.dumps(content).encode() if isinstance(content, dict) else content
    version = FileVersion("model", "org/asked", path, "c" * 40, "b" * 40, len(body), "2025-01-01T00:00:00Z")
    return parse([SourceFile(version, body)], POLICY)


def card(metric: str, *, dataset: str = "{name: HumanEval, type: openai_humaneval}") -> bytes:
    return f"---\nmodel-index:\n- name: m\n  results:\n  - dataset: {dataset}\n    metrics: [{metric}]\n---\n".encode()


def test_a_card_whose_front_matter_is_broken_still_shows_its_tables() -> None:
    parsed = read("README.md", b"---\na: [\n---\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |\n")
    assert parsed.quarantine["rule"].to_list() == ["card|yaml"] and parsed.scores["score_raw"].to_list() == [64.2]


@pytest.mark.parametrize("path", ["README.md", "config.json", "model.safetensors.index.json"])
def test_a_git_lfs_pointer_is_reported_as_one(path: str) -> None:
    parsed = read(path, b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n")
    assert parsed.quarantine["rule"].to_list() == ["file|lfs_pointer"] and parsed.models.is_empty()


def test_strings_are_kept_as_written() -> None:
    assert read_front_matter(b"---\nlanguage: no\nversion: 1.10\nsha: 1234567e10\n---\n") == {
        "language": "no",
        "version": "1.10",
        "sha": "1234567e10",
    }


# Forty aliases that expand to ten million nodes: a small text that takes forever to walk.
BOMB = b"---\na0: &a0 [x, x, x, x, x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 5)) for n in range(1, 9)
)
BOMB += b"---\n"


@pytest.mark.parametrize(
    "content",
    [
        b"---\na: [\n---\n",
        b"---\n- a\n---\n",
        b"---\nlicense: mit\n",
        b"---\na: " + b"[" * 100 + b"\n---\n",
        b"---\na: &a [1]\nb: [" + b"*a, " * 100 + b"]\n---\n",
        BOMB,
        b"---\na: *b\n---\n",
        b"---\na: &a [*a]\n---\n",
        b"---\na: &x 1\nb: &x 2\n---\n",
        b"---\n? [a]\n: b\n---\n",
        b"---\na: 1\n...\n--- b\n\n---\n",
        b"---\na: caf\xe9\n---\n",
        b"---\na:\t- b: c: d\n---\n",
    ],
)
def test_a_block_that_cannot_be_read_says_why(content: bytes) -> None:
    with pytest.raises(FrontMatterError):
        read_front_matter(content)
    assert read("README.md", content).quarantine["rule"].to_list() == ["card|yaml"]


def test_an_alias_has_the_value_of_its_anchor() -> None:
    assert read_front_matter(b"---\na: &a {b: [1, &c no]}\nd: *a\ne: [*c, *a]\n---\n") == {
        "a": {"b": ["1", "no"]},
        "d": {"b": ["1", "no"]},
        "e": ["no", {"b": ["1", "no"]}],
    }


@given(st.text(alphabet="ab:-[]{}&*#?|>'\"!\n ,", max_size=40))
@settings(max_examples=300)
def test_a_block_is_read_as_the_loader_of_yaml_reads_it(block: str) -> None:
    try:
        expected = yaml.load(block, Loader=yaml.CBaseLoader)
    except yaml.YAMLError:
        with pytest.raises(FrontMatterError):
            read_yaml(block)
    else:
        found = read_yaml(block)
        assert found == expected or any(contradictions(found))


@pytest.mark.parametrize("content", [b"", b"# A card", b"---\n\n### a ruled line\n", b"text\n---\nlicense: mit\n---\n"])
def test_a_card_without_a_block_is_not_an_error(content: bytes) -> None:
    assert read_front_matter(content) == {}


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf---\nlicense: mit\n---\n", b"---\r\nlicense: mit\r\n---\r\ntext"])
def test_byte_order_marks_and_windows_lines_are_read(content: bytes) -> None:
    assert read_front_matter(content) == {"license": "mit"}


def test_an_answer_gives_licence_base_sizes_and_a_date_above_the_floor() -> None:
    answer = {
        "id": "org/renamed",
        "sha": "d" * 40,
        "createdAt": "2024-05-01T12:00:00.000Z",
        "cardData": {"license": "other", "license_name": "llama3.1", "base_model": ["org/base", "org/second"]},
        "safetensors": {"parameters": {"BF16": 70}, "total": 70},
    }
    parsed = read(INFO_PATH, answer)
    row = parsed.models.to_dicts()[0]
    assert (row["hub_id"], row["license_text"], row["base_model_text"]) == ("org/renamed", "llama3.1", "org/base")
    assert str(row["created_at"]) == "2024-05-01 12:00:00"
    assert parsed.parameter_claims.select("method", "params").rows() == [("safetensors", 70)]


@pytest.mark.parametrize(
    ("lineage", "base"),
    [
        ({"tags": ["gguf", "base_model:org/base", "base_model:quantized:org/base"]}, "org/base"),
        ({"tags": ["base_model:finetune:org/base"]}, "org/base"),
        ({"tags": ["base_model:", "base_model:adapter: "]}, None),
        ({"tags": ["base_model:org/tagged"], "cardData": {"base_model": "org/stated"}}, "org/stated"),
        ({"baseModels": {"models": [{"id": "org/landed"}]}}, "org/landed"),
    ],
)
def test_a_base_model_is_the_cards_else_the_tags_else_the_one_of_an_older_answer(
    lineage: dict[str, Any], base: str | None
) -> None:
    assert read(INFO_PATH, {"id": "o/m", **lineage}).models["base_model_text"].to_list() == [base]


@pytest.mark.parametrize(
    ("card", "license_text"),
    [
        ({"license": ["apache-2.0", "llama3"]}, "apache-2.0; llama3"),
        ({"license": ["mit", "other", "mit"], "license_name": "my-own"}, "mit; my-own"),
        ({"license": "mit", "license_name": "my-own"}, "mit"),
        ({"license_name": "my-own"}, "my-own"),
        ({"license": []}, None),
    ],
)
def test_all_licences_of_a_card_are_kept(card: dict[str, Any], license_text: str | None) -> None:
    assert read(INFO_PATH, {"id": "o/m", "cardData": card}).models["license_text"].to_list() == [license_text]
    tags = [f"license:{name}" for name in ("mit", "llama2")]
    assert read(INFO_PATH, {"id": "o/m", "tags": tags}).models["license_text"].to_list() == ["mit; llama2"]


@pytest.mark.parametrize(
    ("lineage", "bases"),
    [
        ({"cardData": {"base_model": ["o/a", "o/b", "O/A"]}}, [("o/a", None), ("o/b", None)]),
        (
            {"cardData": {"base_model": ["o/a", "o/b"]}, "tags": ["base_model:o/a", "base_model:merge:O/B"]},
            [("o/a", None), ("o/b", "merge")],
        ),
        ({"tags": ["base_model:o/a", "base_model:merge:o/a", "base_model:merge:o/b"]}, [("o/a", "merge"), ("o/b", "merge")]),
        (
            {"baseModels": {"relation": "merge", "models": [{"id": "o/a"}, {}, {"id": "o/b"}]}},
            [("o/a", "merge"), ("o/b", "merge")],
        ),
        ({"cardData": {"base_model": "o/a", "base_model_relation": "quantized"}}, [("o/a", "quantized")]),
        ({"cardData": {"base_model": "o/a", "base_model_relation": "cousin"}}, [("o/a", None)]),
    ],
)  # fmt: skip
def test_every_base_model_of_an_answer_is_kept_with_its_relation(
    lineage: dict[str, Any], bases: list[tuple[str, str | None]]
) -> None:
    parsed = read(INFO_PATH, {"id": "o/m", **lineage})
    assert parsed.model_bases.select("base_model_text", "relation").rows() == bases
    assert parsed.models["is_merge"].to_list() == [True if ("o/b", "merge") in bases else None]


RECIPE = b"""---
base_model: [o/Listed]
tags: [merge]
---
```yaml
merge_method: ties
base_model: o/base
models:
  - model: "o/listed" # already in the list
  - model: o/one+o/lora
    parameters: {weight: 0.5}
  - model: o/two@main
  - model: ./step-1
  - model: /home/me/three
  - model: step-2
slices:
- sources:
  - model: o/four
    layer_range: [0, 24]
```
The model of the first step was `model: o/prose`.
```
model: o/in-another-block
```
"""


def test_the_recipe_of_a_merge_names_repositories_and_no_folders() -> None:
    parsed = read("README.md", RECIPE)
    found = parsed.model_bases.select("stated_in", "base_model_text", "relation").rows()
    assert found == [("metadata", "o/Listed", None)] + [
        ("recipe", name, "merge") for name in ("o/base", "o/one", "o/lora", "o/two", "o/four")
    ]
    assert parsed.model_bases["locator"].to_list()[1] == "recipe, line 'base_model: o/base'"


def test_the_recipe_of_a_mixture_names_its_experts() -> None:
    recipe = b"```\nbase_model: o/a\nexperts:\n  - source_model: o/b\n  - source_model: 'o/c'\n```\n"
    assert read("README.md", recipe).model_bases["base_model_text"].to_list() == ["o/a", "o/b", "o/c"]


def test_of_a_list_of_over_a_hundred_base_models_none_is_believed() -> None:
    parsed = read(INFO_PATH, {"id": "o/m", "cardData": {"base_model": [f"o/{n}" for n in range(101)]}})
    assert parsed.model_bases.is_empty() and parsed.quarantine["rule"].to_list() == ["card|bases"]
    assert parsed.models["base_model_text"].to_list() == ["o/0"]


@pytest.mark.parametrize(
    ("tag", "dtype", "params"),
    [
        # The Hub tags a fine-tune with the name of its base, whose weights may have been packed.
        ("base_model:finetune:unsloth/llama-3-8b-bnb-4bit", "BF16", 8_030_261_248),
        ("gguf", "F16", 7_241_732_096),
        ("mlx", "BF16", 7_241_732_096),
        ("gptq", "F32", 124_439_808),
    ],
)
def test_weights_in_whole_floats_are_counted_whatever_the_tags_say(tag: str, dtype: str, params: int) -> None:
    answer = {"id": "o/m", "tags": ["safetensors", tag], "safetensors": {"parameters": {dtype: params}}}
    claims = read(INFO_PATH, answer).parameter_claims
    assert claims.select("params", "reason").rows() == [(params, None)]


def test_packed_weights_are_not_counted_although_no_tag_says_so() -> None:
    weights = {"parameters": {"F16": 345_653_248, "U8": 348_933_120}}
    claims = read(INFO_PATH, {"id": "o/m", "tags": ["safetensors"], "safetensors": weights}).parameter_claims
    assert claims["params"].to_list() == [None] and "packed" in claims["reason"].to_list()[0]


@pytest.mark.parametrize(
    "answer",
    [
        {"library_name": "peft"},
        {"siblings": [{"rfilename": "adapter_config.json"}, {"rfilename": "adapter_model.safetensors"}]},
    ],
)
def test_an_adapters_weights_are_not_the_models_size(answer: dict[str, Any]) -> None:
    lineage = {"tags": ["base_model:adapter:org/base"]}
    parsed = read(INFO_PATH, {"id": "org/lora", "safetensors": {"parameters": {"F32": 4_000_000}}, **answer, **lineage})
    assert parsed.models.select("weight_type", "base_model_text").rows() == [("Adapter", "org/base")]
    claims = parsed.parameter_claims.select("kind", "params", "reason").rows()
    assert claims[0] == ("adapter", 4_000_000, None)
    assert claims[1][:2] == ("total", None) and "added to those of its base" in claims[1][2]


def test_a_model_that_ships_an_adapter_beside_its_own_weights_is_not_an_adapter() -> None:
    siblings = [{"rfilename": "adapter_config.json"}, {"rfilename": "config.json"}]
    parsed = read(INFO_PATH, {"id": "org/m", "siblings": siblings, "safetensors": {"parameters": {"F32": 7}}})
    assert parsed.models["weight_type"].to_list() == [None] and parsed.parameter_claims["params"].to_list() == [7]


def test_an_adapters_config_names_its_base() -> None:
    row = read("adapter_config.json", {"base_model_name_or_path": "org/base"}).models.to_dicts()[0]
    assert (row["weight_type"], row["base_model_text"]) == ("Adapter", "org/base")


@pytest.mark.parametrize(
    ("stated", "saved"),
    [
        ({"modules_to_save": ["lm_head", "embed_tokens"]}, "embed_tokens, lm_head"),
        ({"target_modules": ["q_proj", "embed_tokens"]}, "embed_tokens"),  # then PEFT saves it whole as well
        ({"target_modules": ["q_proj", "v_proj"], "modules_to_save": None}, None),
        ({"target_modules": "all-linear"}, None),
    ],
)
def test_an_adapter_says_which_modules_it_saves_whole(stated: dict[str, Any], saved: str | None) -> None:
    claims = read("adapter_config.json", {"base_model_name_or_path": "org/base", **stated}).parameter_claims
    reasons = [f"saves {saved} whole, which replace those of its base model"] if saved else []
    assert claims["reason"].to_list() == reasons and set(claims["kind"]) <= {"adapter"}


@pytest.mark.parametrize("stated", ["2022-03-02T23:29:04.000Z", "0001-01-01T00:00:00+10:00", "yesterday", 7, None])
def test_the_hubs_floor_date_and_an_impossible_date_are_null(stated: object) -> None:
    assert read(INFO_PATH, {"id": "o/m", "createdAt": stated}).models["created_at"].to_list() == [None]


def test_a_model_that_is_not_shown_is_unavailable_and_says_nothing_else() -> None:
    row = read(ABSENT_PATH, {"id": "o/m", "unavailable": True}).models.to_dicts()[0]
    assert row["is_available"] is False and row["license_text"] is None


LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "intermediate_size": 11008,
    "vocab_size": 32000,
}


@pytest.mark.parametrize(
    ("config", "is_moe"),
    [
        ({"num_local_experts": 8}, True),
        ({"num_experts": None}, None),
        ({"text_config": {"n_routed_experts": 64}}, True),
        ({"ffn_config": {"moe_num_experts": 16}}, True),
        ({"moe_config": {"moe_num_experts": 32, "moe_top_k": 2}}, True),  # Yuan2-M32
        ({"moe_num_experts": [64, 64], "moe_k": 6}, True),  # ERNIE-4.5-VL: of text and of pictures
        ({"language_config": {"n_routed_experts": 72}}, True),  # DeepSeek-VL2
        ({"llm_config": {"num_experts": 128}}, True),
        ({"thinker_config": {"text_config": {"num_experts": 128}}}, True),  # Qwen3-Omni
        ({"num_experts_per_tok": 2, "n_shared_experts": 2, "num_expert_group": 8}, None),
        ({"num_experts": True, "moe_num_experts": "8"}, None),
        ({}, None),
        (LLAMA, False),
        ({**LLAMA, "model_type": "a_family_of_custom_code"}, None),
    ],
)
def test_experts_are_found_under_their_many_names_and_denied_only_by_a_family_without(
    config: dict[str, Any], is_moe: bool | None
) -> None:
    row = read("config.json", {"architectures": ["XForCausalLM"], **config}).models.to_dicts()[0]
    assert (row["is_moe"], row["architecture"]) == (is_moe, "XForCausalLM")


GENUINE = card("{type: pass@1, value: 0.5}")


@given(
    place=st.integers(0, len(GENUINE) - 1),
    byte=st.integers(0, 255),
    path=st.sampled_from(["README.md", "config.json", INFO_PATH]),
)
@settings(max_examples=150)
def test_no_mutated_file_raises(place: int, byte: int, path: str) -> None:
    parsed = read(path, GENUINE[:place] + bytes([byte]) + GENUINE[place + 1 :])
    assert parsed.source_rows == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
fields = st.sampled_from(
    [
        "id",
        "sha",
        "cardData",
        "tags",
        "createdAt",
        "safetensors",
        "siblings",
        "architectures",
        "text_config",
        "num_experts",
    ]
)


@given(answer=st.dictionaries(fields, json_values, max_size=8), path=st.sampled_from(["config.json", INFO_PATH]))
@settings(max_examples=150)
def test_no_json_raises(answer: dict[str, Any], path: str) -> None:
    assert read(path, json.dumps(answer).encode()).models.height <= 1


def test_an_adapter_beside_its_bases_config_is_an_adapter() -> None:
    files = ("adapter_config.json", "adapter_model.safetensors", "config.json", "README.md")
    info = {
        "id": "org/m",
        "siblings": [{"rfilename": name} for name in files],
        "safetensors": {"parameters": {"F32": 7}},
    }
    parsed = read(INFO_PATH, info)
    assert parsed.models["weight_type"].to_list() == ["Adapter"]
    assert parsed.parameter_claims.select("kind", "params").rows() == [("adapter", 7), ("total", None)]
