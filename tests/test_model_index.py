"""Results in a card's front matter: which benchmark and metric each is of, and in what unit."""

from __future__ import annotations

import pytest
from test_model_cards import POLICY, card, read

from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.units import normalize_scores


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
        ("{name: MMLU\u2011Pro}", "{type: acc, value: 44}", ("mmlu_pro_reported", 44.0)),
        (
            "{type: other}",
            "{name: MMLU (5\u2011shot), type: MMLU (5\u2011shot), value: 70}",
            ("mmlu_reported_5shot", 70.0),
        ),
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


@pytest.mark.parametrize("value", ["N/A", "[1, 2]", "{a: 1}", ".nan", "1e999"])
def test_a_value_that_is_not_a_number_is_quarantined_with_its_place(value: str) -> None:
    parsed = read("README.md", card(f"{{type: pass@1, value: {value}}}"))
    assert parsed.scores.is_empty()
    assert parsed.quarantine.select("rule", "locator").rows() == [
        ("score_raw|number", "model-index[0].results[0].metrics[0]")
    ]
