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
from leaderboard_etl.units import normalize_scores

POLICY = read_policy()


def read(path: str, content: bytes | dict[str, Any]) -> Parsed:
    body = json.dumps(content).encode() if isinstance(content, dict) else content
    version = FileVersion("model", "org/asked", path, "c" * 40, "b" * 40, len(body), "2025-01-01T00:00:00Z")
    return parse([SourceFile(version, body)], POLICY)


def card(metric: str, *, dataset: str = "{name: HumanEval, type: openai_humaneval}") -> bytes:
    return f"---\nmodel-index:\n- name: m\n  results:\n  - dataset: {dataset}\n    metrics: [{metric}]\n---\n".encode()


@pytest.mark.parametrize(
    ("value", "raw", "unit"),
    # The three forms that real cards use for HumanEval.
    [
        ("0.799", 0.799, "fraction"),
        ("75.61", 75.61, "percent"),
        ("'67.6%'", 67.6, "percent"),
        ("'0.9%'", 0.9, "percent"),
    ],
)
def test_humaneval_in_its_three_spellings(value: str, raw: float, unit: str) -> None:
    row = read("README.md", card(f"{{type: pass@1, value: {value}}}")).scores.to_dicts()[0]
    assert (row["variant_id"], row["score_raw"], row["score_unit"]) == ("humaneval_reported", raw, unit)
    assert row["locator"] == "model-index[0].results[0].metrics[0]"


def test_a_leaderboard_result_in_a_card_is_percent_with_its_shots() -> None:
    dataset = "{name: MMLU (5-Shot), type: cais/mmlu, args: {num_few_shot: 5}}"
    row = read("README.md", card("{type: acc, value: 64.2, name: accuracy}", dataset=dataset)).scores.to_dicts()[0]
    assert (row["variant_id"], row["score_raw"], row["score_unit"], row["n_shot"]) == (
        "mmlu_olb_v1",
        64.2,
        "percent",
        5,
    )
    assert row["reported_by"] == "vendor_model_index" and row["is_verified"] is False


def test_a_benchmark_that_policy_does_not_list_is_left_out_and_not_an_error() -> None:
    parsed = read("README.md", card("{type: cos_sim, value: 1}", dataset="{name: MTEB}"))
    assert parsed.scores.is_empty() and parsed.quarantine.is_empty()


@pytest.mark.parametrize("metric", ["{type: pass@10, value: 60}", "{type: code_eval, name: pass@100, value: 60}"])
def test_several_tries_are_another_metric(metric: str) -> None:
    parsed = read("README.md", card(metric))
    assert parsed.scores.is_empty() and parsed.quarantine.is_empty()


@pytest.mark.parametrize(
    "metric",
    [
        "acc_stderr",
        "accuracy_stderr",
        "acc_norm_stderr",
        "accuracy std",
        "accuracy_maj@64",
        "maj@8",
        "cons@64",
        "accuracy (5 of 6)",
    ],
)
def test_a_metric_is_known_by_its_whole_name(metric: str) -> None:
    alone = read("README.md", card(f"{{type: {metric}, value: 0.4}}", dataset="{name: MMLU}"))
    assert alone.scores.is_empty() and alone.quarantine.is_empty()
    named = read(
        "README.md", card(f"{{type: accuracy, name: {metric}, value: 40}}, {{type: acc, value: 62.2}}", dataset="MMLU")
    )
    taken = [40.0, 62.2] if metric == "accuracy (5 of 6)" else [62.2]
    assert named.scores["score_raw"].to_list() == taken


@pytest.mark.parametrize("dataset", ["MMLU (5-shot, maj@8)", "GPQA Diamond (cons@64)"])
def test_a_majority_vote_in_the_name_of_the_data_set_is_another_metric(dataset: str) -> None:
    assert read("README.md", card("{type: acc, value: 62.2}", dataset=f"{{name: '{dataset}'}}")).scores.is_empty()


def block(*values: tuple[str, str, str]) -> Parsed:
    """The results in a card: (data set, metric, value)."""
    results = "".join(
        f"  - dataset: {{name: {name}}}\n    metrics: [{{type: {metric}, value: {value}}}]\n"
        for name, metric, value in values
    )
    return read("README.md", f"---\nmodel-index:\n- name: m\n  results:\n{results}---\n".encode())


def test_a_value_has_the_unit_of_the_other_values_of_its_metric() -> None:
    wanted = ["variant_id", "score_raw", "score_unit"]
    tiny = block(("HumanEval", "pass@1", "0.61"), ("MultiPL-HumanEval (Java)", "pass@1", "1.22"))
    assert tiny.scores.select(wanted).rows() == [("humaneval_reported", 0.61, "percent")]
    good = block(
        ("HumanEval", "pass@1", "0.61"), ("MultiPL-HumanEval (Java)", "pass@1", "0.55"), ("x", "perplexity", "7")
    )
    assert good.scores.select(wanted).rows() == [("humaneval_reported", 0.61, "fraction")]
    signed = block(("HumanEval", "pass@1", "0.61"), ("MultiPL-HumanEval (Java)", "pass@1", "0.55%"))
    assert signed.scores.select(wanted).rows() == [("humaneval_reported", 0.61, "percent")]


def test_a_value_below_chance_beside_percentages_is_quarantined() -> None:
    parsed = block(("MMLU", "acc", "0.61"), ("org/other", "acc", "70.5"))
    assert parsed.scores.is_empty() and parsed.quarantine["rule"].to_list() == ["score_raw|unit"]


@pytest.mark.parametrize(
    "value", ["61.2", "'61,2'", "61.2%", "[61.2]", "61.2 ± 0.4", "61.2 +/- 0.4", "{mean: 61.2, std: 0.4}", "' 61.2 % '"]
)
def test_a_value_is_read_in_all_unambiguous_forms(value: str) -> None:
    parsed = read("README.md", card(f"{{type: acc, value: {value}}}", dataset="{name: MMLU}"))
    (row,) = parsed.scores.to_dicts()
    assert (row["score_raw"], row["score_unit"], row["stderr_raw"]) == (61.2, "percent", None)
    assert ("0.4" in (row["protocol"] or "")) == ("0.4" in value)


def test_a_result_without_a_data_set_gets_the_one_that_its_metric_names() -> None:
    parsed = read("README.md", card("{type: accuracy, name: MMLU, value: 61.2}", dataset=""))
    assert parsed.scores.select("variant_id", "score_raw").rows() == [("mmlu_reported", 61.2)]
    assert read("README.md", card("{type: accuracy, value: 61.2}", dataset="")).scores.is_empty()


RELATIVES = (
    "MMMLU, CMMLU, MMLU-Redux, mmlu_de, Global-MMLU, MMLU ProX, MMLU-Pro+, Arabic MMLU, MMLU (val), GPQA Main, SuperGPQA,"
    " HumanEval-X, HumanEval Infilling, HumanEvalFix, MT-Bench-DE, MT-Bench (first turn)"
)


@pytest.mark.parametrize("dataset", RELATIVES.split(", "))
@pytest.mark.parametrize("metric", ["accuracy", "pass@1", "score"])
def test_a_relative_of_a_benchmark_is_another_benchmark(dataset: str, metric: str) -> None:
    parsed = read("README.md", card(f"{{type: {metric}, value: 7.1}}", dataset=f"{{name: '{dataset}', type: x}}"))
    assert parsed.scores.is_empty() and parsed.quarantine.is_empty()


@pytest.mark.parametrize(
    "dataset",
    [
        "{name: MMLU, type: cais/mmlu, config: abstract_algebra}",
        "{name: MMLU-Pro, type: TIGER-Lab/MMLU-Pro, split: law}",
        "{name: MMLU, split: 'test[:10%]'}",
        "{name: HumanEval, type: openai_humaneval, config: java}",
    ],
)
def test_one_part_under_the_name_of_the_whole_set_is_not_the_set(dataset: str) -> None:
    metric = "pass@1" if "Human" in dataset else "accuracy"
    assert read("README.md", card(f"{{type: {metric}, value: 0.95}}", dataset=dataset)).scores.is_empty()


OTHERS = (
    "MMLU-Pro (Math), MMLU-Pro law, MMLU Pro-X (de), STEM, CMMLU, GPQA Extended, GPQA (main), HumanEval (Java), HumanEvalPack,"
    " HumanEval-V, MT-Bench (turn 1)"
)


@pytest.mark.parametrize("name", OTHERS.split(", "))
@pytest.mark.parametrize(
    "type_", ["TIGER-Lab/MMLU-Pro", "cais/mmlu", "Idavidrein/gpqa", "openai_humaneval", "lmsys/mt-bench"]
)
def test_another_benchmark_under_the_type_of_one_is_known_by_its_name(name: str, type_: str) -> None:
    dataset = f"{{name: '{name}', type: {type_}}}"
    for metric in ("acc", "pass@1", "score"):
        parsed = read("README.md", card(f"{{type: {metric}, value: 7.1}}", dataset=dataset))
        assert parsed.scores.is_empty() and parsed.quarantine.is_empty()


@pytest.mark.parametrize(
    ("name", "is_plain"),
    [
        *[(name, False) for name in ("accuracy (math)", "mmlu_stem", "baseline accuracy", "accuracy delta", "±")],
        *[(name, False) for name in ("German", "top-5 accuracy", "95% confidence interval", "Llama-2-7b")],
        *[(name, True) for name in ("MMLU", "5-shot accuracy", "MMLU (test)", "Accuracy", "top-1", "acc,none")],
    ],
)
def test_a_metrics_second_name_may_say_that_it_is_of_something_else(name: str, is_plain: bool) -> None:
    parsed = read("README.md", card(f"{{type: acc, name: '{name}', value: 62.2}}", dataset="{name: MMLU}"))
    assert parsed.scores["score_raw"].to_list() == ([62.2] if is_plain else [])


def test_the_score_of_one_turn_is_not_that_of_both() -> None:
    parsed = read(
        "README.md", card("{type: first turn score, value: 6.5}, {type: score, value: 7.1}", dataset="MT-Bench")
    )
    assert parsed.scores["score_raw"].to_list() == [7.1]


def test_a_repeated_key_with_two_values_is_reported_and_ignored() -> None:
    parsed = read("README.md", b"---\nlicense: mit\nlicense: gpl-3.0\ntags: [a]\ntags: [a]\n---\n")
    assert parsed.models["license_text"].to_list() == [None]
    assert parsed.quarantine.select("rule", "offending_text", "locator").rows() == [
        ("card|repeated_key", "mit and gpl-3.0", "license")
    ]


def test_results_without_a_name_are_known_by_their_type_and_a_lone_mapping_is_a_list_of_one() -> None:
    content = (
        b"---\nmodel-index:\n  name: m\n  results:\n  - dataset: {type: openai_humaneval}\n"
        b"    metrics: {type: pass@1, value: 0.5}\n  - dataset: {}\n    metrics: [{type: acc, value: 1}]\n---\n"
    )
    parsed = read("README.md", content)
    assert parsed.scores["locator"].to_list() == ["model-index[0].results[0].metrics[0]"]
    assert parsed.quarantine.is_empty()


@pytest.mark.parametrize(
    ("dataset", "metric", "expected"),
    [
        ("{name: MT-Bench, type: unknown}", "{type: unknown, name: score, value: 7.34}", ("mt_bench_reported", 7.34)),
        ("{name: MMLU, type: cais/mmlu}", "{type: acc, value: 0.652}", ("mmlu_reported", 65.2)),
        ("{name: MMLU, args: {num_few_shot: 5}}", "{type: acc, value: 65.2}", ("mmlu_reported_5shot", 65.2)),
        ("{name: MMLU (0-shot)}", "{type: acc, value: 65.2}", ("mmlu_reported", 65.2)),
        ("{type: cais/mmlu, config: all}", "{type: acc, value: 65.2}", ("mmlu_reported", 65.2)),
        ("{name: org/Corpus}", "{type: MMLU (5-shot), value: 63.55}", ("mmlu_reported_5shot", 63.55)),
        ("{name: MMLU (5-Shot), type: cais/mmlu}", "{type: acc, value: 50.16}", ("mmlu_olb_v1", 50.16)),
        ("{name: MMLU-Pro, type: TIGER-Lab/MMLU-Pro}", "{type: acc, value: 44}", ("mmlu_pro_reported", 44.0)),
        ("{name: GPQA Diamond}", "{type: pass@1, value: 50.5}", ("gpqa_diamond_reported", 50.5)),
        (
            "{name: GPQA, type: Idavidrein/gpqa, config: gpqa_diamond}",
            "{type: acc, value: 50}",
            ("gpqa_diamond_reported", 50.0),
        ),
        ("{name: GPQA, type: Idavidrein/gpqa}", "{type: acc, value: 40}", ("gpqa_reported", 40.0)),
        ("{type: openai/openai_humaneval}", "{type: pass@1, value: 32.4}", ("humaneval_reported", 32.4)),
        ("{name: MultiPL-HumanEval (Python)}", "{type: pass@1, value: 32.4}", ("humaneval_reported", 32.4)),
        ("{name: HumanEval+}", "{type: pass@1, value: 32.4}", ("humaneval_plus_reported", 32.4)),
        ("HumanEval", "{type: pass@1, value: 32.4}", ("humaneval_reported", 32.4)),
    ],
)
def test_a_benchmark_is_known_in_every_form_that_cards_give_it(
    dataset: str, metric: str, expected: tuple[str, float]
) -> None:
    parsed = read("README.md", card(metric, dataset=dataset))
    found = normalize_scores(parsed.scores, POLICY.benchmarks).select("variant_id", "score_pct").row(0)
    percent = expected[1] * (10 if expected[0] == "mt_bench_reported" else 1)
    assert found == (expected[0], pytest.approx(percent))
    assert parsed.quarantine.is_empty()


@pytest.mark.parametrize(
    "dataset",
    [
        "{name: MMLU, type: cais/mmlu, config: anatomy}",
        "{name: MMLU-STEM, type: cais/mmlu}",
        "{name: MMLU (German), type: cais/mmlu}",
        "{name: GPQA (0-shot), type: Idavidrein/gpqa}",
        "{name: GPQA, type: Idavidrein/gpqa, config: gpqa_main}",
        "{name: HumanEvalFix (Average), type: bigcode/humanevalpack}",
        "{name: MultiPL-HumanEval (Java), type: nuprl/MultiPL-E}",
    ],
)
def test_a_part_of_a_benchmark_and_a_normalised_value_are_not_the_benchmark(dataset: str) -> None:
    parsed = read("README.md", card("{type: pass@1, name: accuracy, value: 40}", dataset=dataset))
    assert parsed.scores.is_empty() and parsed.quarantine.is_empty()


def test_a_percentage_that_is_less_than_guessing_gives_is_quarantined_as_perhaps_a_fraction() -> None:
    parsed = read("README.md", card("{type: acc, value: 0.65}", dataset="{name: MMLU (5-Shot)}"))
    assert parsed.scores.is_empty() and parsed.quarantine["rule"].to_list() == ["score_raw|unit"]


def test_results_that_are_usually_percentages_may_all_be_fractions() -> None:
    arc, mmlu, gsm = (
        ("AI2 Reasoning Challenge (25-Shot)", "acc_norm"),
        ("MMLU (5-Shot)", "acc"),
        ("GSM8k (5-shot)", "acc"),
    )
    wanted = ["variant_id", "score_raw", "score_unit"]
    fractions = block((*arc, "0.6459"), (*mmlu, "0.6303"), (*gsm, "0.1516"), ("x", "perplexity", "7"))
    assert fractions.scores.select(wanted).rows() == [
        ("arc_challenge_olb_v1", 0.6459, "fraction"),
        ("mmlu_olb_v1", 0.6303, "fraction"),
        ("gsm8k_olb_v1", 0.1516, "fraction"),
    ]
    # One value above 1 means that all are percentages: the others are below chance, and GSM8K's may really be that low.
    mixed = block((*arc, "64.59"), (*mmlu, "0.6303"), (*gsm, "0.1516"))
    assert mixed.scores["score_unit"].to_list() == ["percent", "percent"]
    assert mixed.quarantine["rule"].to_list() == ["score_raw|unit"]


def test_the_number_of_examples_is_in_the_name_or_beside_it() -> None:
    for dataset in ("{name: MMLU (0-shot)}", "{name: MMLU, args: {num_few_shot: 0}}"):
        assert read("README.md", card("{type: acc, value: 60}", dataset=dataset)).scores["n_shot"].to_list() == [0]


def test_a_benchmark_that_a_card_gives_twice_is_two_runs() -> None:
    parsed = read("README.md", card("{type: pass@1, value: 40}, {type: pass@1, value: 50}"))
    assert parsed.scores.select("score_raw", "run_id").rows() == [(40.0, "n/a"), (50.0, "model-index#2")]


@pytest.mark.parametrize(
    ("said", "is_verified"), [("verified: true", False), ("verified: true, verifyToken: a.b.c", True), ("", False)]
)
def test_a_result_with_the_hubs_token_is_verified(said: str, is_verified: bool) -> None:
    parsed = read("README.md", card(f"{{type: pass@1, value: 40, {said}}}"))
    assert parsed.scores["is_verified"].to_list() == [is_verified]


def test_metrics_that_are_not_a_list_are_quarantined_if_policy_knows_the_benchmark() -> None:
    content = card("").replace(b"metrics: []", b"metrics: high")
    assert read("README.md", content).quarantine.select("rule", "locator").rows() == [
        ("model-index|shape", "model-index[0].results[0].metrics")
    ]


def test_normalised_results_of_the_second_leaderboard_are_left_out() -> None:
    dataset = "{name: MMLU-PRO (5-shot), type: TIGER-Lab/MMLU-Pro}"
    parsed = read("README.md", card("{type: acc, value: 31.2, name: accuracy}", dataset=dataset))
    assert parsed.scores.is_empty() and parsed.quarantine.is_empty()


def test_a_card_whose_front_matter_is_broken_still_shows_its_tables() -> None:
    parsed = read("README.md", b"---\na: [\n---\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |\n")
    assert parsed.quarantine["rule"].to_list() == ["card|yaml"] and parsed.scores["score_raw"].to_list() == [64.2]


@pytest.mark.parametrize("value", ["N/A", "[1, 2]", "{a: 1}", ".nan", "1e999"])
def test_a_value_that_is_not_a_number_is_quarantined_with_its_place(value: str) -> None:
    parsed = read("README.md", card(f"{{type: pass@1, value: {value}}}"))
    assert parsed.scores.is_empty()
    assert parsed.quarantine.select("rule", "locator").rows() == [
        ("score_raw|number", "model-index[0].results[0].metrics[0]")
    ]


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
