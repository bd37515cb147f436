"""Tables in cards: only scores that certainly belong to the card's own model are read, with place, unit and shots."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sourcing import read as read_source

from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.shared.markdown_tables import MOST_TABLES, TooManyTablesError, read_tables


def read(text: str, repo_id: str = "org/Foo-7B") -> Parsed:
    return read_source("model_cards", text.encode(), path="README.md", repo_id=repo_id)


def scores(text: str, repo_id: str = "org/Foo-7B") -> list[tuple[Any, ...]]:
    frame = read(text, repo_id).scores
    return frame.select("variant_id", "score_raw", "score_unit", "n_shot").rows()


MMLU = ("mmlu_reported", 64.2, "percent", None)


@pytest.mark.parametrize(
    "text",
    [
        "| Benchmark | Foo-7B | Bar |\n|---|---|---|\n| MMLU | 64.2 | 60 |",
        "| Model | MMLU |\n|:--|--:|\n| **Foo 7b** | 64.2 |\n| Bar | 60 |",
        "Model | MMLU\n--|--\nfoo_7B | 64.2\nBar | 60",
        "| | MMLU |\n|-|-|\n| [Foo-7B](https://huggingface.co/org/Foo-7B) (ours) | __64.2__ |\n| Bar | 60 |",
        "| Model | MMLU |\n|-|-|\n| org/Foo-7B | 64.2 |\n| other/Foo-7B | 60 |",
        "| Model | MMLU |\n|-|-|\n| [this one](https://huggingface.co/org/foo-7b) | 64.2 |\n| Bar | 60 |",
        '| Model | MMLU |\n|-|-|\n| <sup><a href="https://huggingface.co/org/Foo-7B">Foo-7B</a></sup> | <b>64.2</b> |',
        "| Model | Size | MMLU |\n|-|-|-|\n| Foo | 7B | 64.2 |\n| Foo | 13B | 70 |",
        "| Metric | Value |\n|-|-|\n| Avg. | 50.1 |\n| MMLU | 64.2 |",
        "||||\n|:-:|:-:|:-:|\n|**Task**|**Metric**|**Value**|\n|*mmlu*|acc_norm|64.2|",
        "| MMLU | GSM8K |\n|-|-|\n| 64.2 | 40 |",
        "| Metric | MMLU |\n|-|-|\n| **Score** | 64.2 |",
        "<table><tr><td>Benchmark</td><td>Score</td></tr><tr><td>MMLU<td>64.2</tr></table>",
        "> | Metric | Value |\n> |-|-|\n> | MMLU | 64.2 |",
        "| Model | 🤗hf link | MMLU |\n|-|-|-|\n| Foo-7B | link | 64.2 |\n| Bar | link | 60 |",
        "details_former__Foo-7B\n\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |",
        "# From pre-trained models to follow instructions\n| Model | MMLU |\n|-|-|\n| Foo-7B | 64.2 |",
    ],
)
def test_the_cards_own_model_is_found_in_every_form_of_table(text: str) -> None:
    assert scores(text) == [MMLU]


@pytest.mark.parametrize(
    ("repo_id", "shown"),
    [
        ("org/Foo-2-7B", "Foo-v2-7b 🐪"),
        ("org/foo_v3.2_super", "Foo 3.2 SUPER"),
        ("meta-llama/Meta-Llama-9-7B", "Llama 9 7B"),
    ],
)
def test_spellings_that_cards_mix_are_one_name(repo_id: str, shown: str) -> None:
    assert scores(f"| Model | MMLU |\n|-|-|\n| {shown} | 64.2 |\n| Bar | 60 |", repo_id) == [MMLU]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("details_org__Bar-7B\n\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |", "a link to another model's results"),
        ("| Model | MMLU |\n|-|-|\n| Bar-7B | 64.2 |", "another model"),
        ("| Model | MMLU |\n|-|-|\n| other/Foo-7B | 64.2 |", "another owner's model"),
        ("| Model | MMLU |\n|-|-|\n| [Foo-7B](https://huggingface.co/other/Base) | 64.2 |", "a link to another model"),
        ("| Model | MMLU |\n|-|-|\n| Foo-7B (4 bit) | 64.2 |", "a variant of the model"),
        ("| Model | MMLU |\n|-|-|\n| Foo-7B | 64.2 |\n| Foo 7B | 60 |", "two rows of its name"),
        ("| Benchmark | Score | Baseline |\n|-|-|-|\n| MMLU | 64.2 | 50 |", "a second column of figures"),
        ("| Model | Score |\n|-|-|\n| MMLU | 64.2 |", "rows that are models"),
        ("| Model | Language | MMLU |\n|-|-|-|\n| Foo-7B | German | 64.2 |", "a condition of the row"),
        ("| Benchmark | Language | Foo-7B |\n|-|-|-|\n| MMLU | German | 64.2 |", "a condition of the line"),
        ("# German\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |", "another language"),
        ("# Foo\n## Deutsch\n### Results\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |", "a section in another language"),
        ("# Data contamination\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |", "no scores"),
        ("# Original model card\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |", "another model's card"),
        ("[here](x/details_other__Base)\n\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |", "another model's results"),
        ("```\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |\n```", "code"),
        ("| Metric | Value |\n|-|-|\n| MMLU-STEM | 64.2 |\n| CMMLU | 60 |\n| HumanEval-Mul | 60 |", "other benchmarks"),
        ("| Metric | Value |\n|-|-|\n| MMLU | - |\n| GPQA | N/A |\n| HumanEval | TBD |", "no figure"),
        ("| Task | Metric | Value |\n|-|-|-|\n| HumanEval | pass@10 | 64.2 |", "another metric"),
        ("| Metric | Value |\n|-|-|\n| HumanEval pass@100 | 64.2 |", "another metric in the name"),
    ],
)
def test_where_the_rules_do_not_decide_there_is_no_row_and_no_error(text: str, why: str) -> None:
    parsed = read(text)
    assert parsed.scores.is_empty() and parsed.quarantine.is_empty(), why


def test_a_quantized_copy_has_only_the_scores_under_its_own_name() -> None:
    nameless = "| Metric | Value |\n|-|-|\n| MMLU | 64.2 |\n"
    named = "\n| Metric | Foo-7B | Foo-7B-AWQ (this model) |\n|-|-|-|\n| MMLU | 64.2 | 63.9 |"
    assert scores(nameless + named, "org/Foo-7B-AWQ") == [("mmlu_reported", 63.9, "percent", None)]
    assert scores("# A German model\n## Results\n" + nameless) == [MMLU]


def test_a_score_records_its_reporter_its_place_and_its_text() -> None:
    text = "# Evaluation\n\n| Model | MMLU |\n|-|-|\n| Bar | 60 |\n| **Foo-7B** | **64.2** |"
    row = read(text).scores.to_dicts()[0]
    assert (row["reported_by"], row["is_verified"], row["run_id"]) == ("vendor_card_table", False, "card table")
    assert row["locator"] == "table 1, row 2 'Foo-7B', column 2 'MMLU': '64.2'"
    assert row["protocol"].startswith("MMLU, below 'Evaluation'; unit not stated; percent")


@pytest.mark.parametrize("cell", ["~64.9", "64,9", "60 / 70", "result < 0.1, %: 0.15", "see paper"])
def test_a_cell_of_the_own_model_that_is_not_a_number_is_quarantined_with_its_text(cell: str) -> None:
    parsed = read(f"| Model | MMLU |\n|-|-|\n| Foo-7B | {cell} |\n| Bar | 60 |")
    assert parsed.scores.is_empty()
    assert parsed.quarantine.select("rule", "offending_text").rows() == [("score_raw|number", cell)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["| MMLU | 0.642 |", "| GPQA | 0.3 |"], [0.642, "fraction"]),
        (["| MMLU | 64.2 |", "| GPQA | 30 |"], [64.2, "percent"]),
        (["| HumanEval (%) | 0.6 |", "| GPQA | 0.3 |"], [0.6, "percent"]),
        (["| MMLU | 0.642% |", "| GPQA | 0.3 |"], [0.642, "percent"]),
        (["| MMLU | 64.2% |", "| GPQA | 0.3 |"], [64.2, "percent"]),
    ],
)
def test_a_percent_sign_decides_the_unit_and_else_the_line(lines: list[str], expected: list[object]) -> None:
    row = scores("\n".join(["| Metric | Value |", "|-|-|", *lines]))[0]
    assert [row[1], row[2]] == expected


@pytest.mark.parametrize(
    "text",
    [
        "| Model | MMLU |\n|-|-|\n| Foo-7B | 0.642 |\n| Bar | 60 |",
        "| Model | MMLU (%) |\n|-|-|\n| Foo-7B | 0.642 |\n| Bar | 0.6 |",
    ],
)
def test_a_figure_that_could_be_a_fraction_or_a_percentage_is_quarantined(text: str) -> None:
    parsed = read(text)
    assert parsed.quarantine["rule"].to_list() == ["score_raw|unit"] and parsed.scores.is_empty()


def test_half_a_percent_is_accepted_where_guessing_scores_zero() -> None:
    text = "# Open LLM Leaderboard\n| Metric | Value |\n|-|-|\n| ARC (25-shot) | 57.4 |\n| GSM8K (5-shot) | 0.45 |"
    assert scores(text)[1] == ("gsm8k_olb_v1", 0.45, "percent", 5)


def test_mt_bench_is_in_points_and_checked_against_its_scale() -> None:
    parsed = read("| Metric | Value |\n|-|-|\n| MT-Bench | 7.34 |\n| MT-Bench (score) | 73.4 |")
    assert parsed.scores.select("score_raw", "score_unit").rows() == [(7.34, "points_10")]
    assert parsed.quarantine["rule"].to_list() == ["score_raw|range"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("| Metric | Value |\n|-|-|\n| MMLU | 64.2 (5-shot) |", ("mmlu_reported_5shot", 5)),
        ("| Metric | Value |\n|-|-|\n| MMLU (5-shot) | 64.2 |", ("mmlu_reported_5shot", 5)),
        ("| Metric | Value |\n|-|-|\n| MMLU, 3 shots | 64.2 |", ("mmlu_reported", 3)),
        ("| Metric | # Shots | Foo-7B |\n|-|-|-|\n| MMLU | 5 | 64.2 |", ("mmlu_reported_5shot", 5)),
        ("| Model | MMLU |\n|-|-|\n| | 5-shot |\n| Foo-7B | 64.2 |", ("mmlu_reported_5shot", 5)),
        ("| Metric | Value |\n|-|-|\n| GPQA (Diamond) | 64.2 |", ("gpqa_diamond_reported", None)),
        ("| Metric | Value |\n|-|-|\n| GPQA | 64.2 |", ("gpqa_reported", None)),
        ("| Metric | Value |\n|-|-|\n| MMLU-Pro (CoT) | 64.2 |", ("mmlu_pro_reported", None)),
        ("| Metric | Value |\n|-|-|\n| MMLU\u2011Pro | 64.2 |", ("mmlu_pro_reported", None)),
        ("| Metric | Value |\n|-|-|\n| MMLU&#8209;Pro | 64.2 |", ("mmlu_pro_reported", None)),
        ("| Metric | Value |\n|-|-|\n| MMLU\u2013Pro | 64.2 |", ("mmlu_pro_reported", None)),
        ("| Metric | Value |\n|-|-|\n| MMLU (5\u2011shot) | 64.2 |", ("mmlu_reported_5shot", 5)),
        ("| Metric | Value |\n|-|-|\n| HumanEval (pass@1) | 64.2 |", ("humaneval_reported", None)),
        ("| Metric | Value |\n|-|-|\n| HumanEval+ | 64.2 |", ("humaneval_plus_reported", None)),
    ],
)
def test_shots_and_subsets_make_the_variant(text: str, expected: tuple[str, int | None]) -> None:
    assert [(row[0], row[3]) for row in scores(text)] == [expected]


def test_a_harness_group_does_not_lend_its_number_of_shots() -> None:
    text = (
        "hf (pretrained=org/Foo-7B), num_fewshot: 5\n"
        "|Tasks|Version|n-shot|Metric|Value|   |Stderr|\n|-|-|-:|-|-:|-|-:|\n|mmlu|N/A|0|acc|0.6461|±|0.1215|"
    )
    assert scores(text) == [("mmlu_reported_5shot", 0.6461, "fraction", 5)]


def test_the_leaderboards_first_version_is_known_by_its_heading_and_its_second_is_left_out() -> None:
    first = "# [Open LLM Leaderboard](x)\n| Metric |Value|\n|-|-|\n|MMLU (5-Shot)|64.2|\n|Winogrande (5-shot)|70|"
    assert [row[0] for row in scores(first)] == ["mmlu_olb_v1", "winogrande_olb_v1"]
    second = first.replace("MMLU (5-Shot)", "MMLU-PRO (5-shot)").replace("Winogrande (5-shot)", "MuSR (0-shot)")
    assert scores(second) == []


def test_a_name_under_headings_of_base_and_of_tuned_models_is_two_models() -> None:
    table = "| Benchmark | Foo-7B{} |\n|-|-|\n| MMLU | {} |\n"
    both = "## Base Model\n" + table.format("{0}", 60) + "\n## Chat Model\n" + table.format("{0}", 70)
    assert [row[1] for row in scores(both.format(""))] == [60.0]
    assert scores(both.format("-Chat"), "org/Foo-7B-Chat") == []


def test_two_models_with_the_same_card_each_get_the_table_under_their_heading() -> None:
    # Meta's cards of a base model and its tuned model are identical, and use the base model's name for both.
    table = "<table><tr><td>Benchmark</td><td>Llama 9 7B</td></tr><tr><td>MMLU</td><td>{}</td></tr></table>\n\n"
    card = "## Base pretrained models\n\n" + table.format(60) + "## Instruction tuned models\n\n" + table.format(70)
    assert [row[1] for row in scores(card, "meta-llama/Meta-Llama-9-7B")] == [60.0]
    assert [row[1] for row in scores(card, "meta-llama/Meta-Llama-9-7B-Instruct")] == [70.0]
    # If there is only one heading, the base model's name means the base model.
    assert scores("## Instruction tuned models\n\n" + table.format(70), "meta-llama/Meta-Llama-9-7B-Instruct") == []


@pytest.mark.parametrize("between", ["\n", ""])
def test_tables_in_the_cells_of_a_table_are_tables_below_their_own_headings(between: str) -> None:
    inner = "<h2>{}</h2>|<table><tr><th>Model</th><th>MMLU</th></tr><tr><td>Foo-7B</td><td>{}</td></tr></table>"
    cells = (inner.format("English", 64.2), inner.format("Chinese", 50))
    card = "<table><tr><td>|" + "|</td><td>|".join(cells) + "|</td></tr></table>"
    assert scores(card.replace("|", between)) == [MMLU]


@pytest.mark.parametrize(
    ("heading", "header", "expected"),
    [
        ("### MMLU", "STEM | Humanities | Avg.", [MMLU]),
        ("### MMLU (5-shot)", "STEM | Humanities | Average", [("mmlu_reported_5shot", 64.2, "percent", 5)]),
        ("<h3>MMLU</h3>\n", "STEM | Humanities | Average", [MMLU]),
        ("**MMLU-Pro**\n", "Biology | Law | Overall", [("mmlu_pro_reported", 64.2, "percent", None)]),
        # Another set of the same subjects, a mean over languages or benchmarks, and a benchmark that is not a mean of parts.
        ("### CMMLU", "STEM | Humanities | Avg.", []),
        ("### MMLU", "German | French | Avg.", []),
        ("### Results", "MMLU-Pro | STEM | Avg.", []),
        ("### HumanEval", "Python | Java | Avg.", []),
    ],
)
def test_the_mean_of_a_table_of_one_benchmarks_parts_is_that_benchmarks(
    heading: str, header: str, expected: list[tuple[Any, ...]]
) -> None:
    table = f"{heading}\n\n| Model | {header} |\n|-|-|-|-|\n| Foo-7B | 60.5 | 66.6 | 64.2 |\n| Bar | 50 | 51 | 52 |"
    assert [row for row in scores(table) if row[1] == 64.2] == expected


def test_mt_bench_named_above_its_table_has_the_mean_of_its_turns() -> None:
    table = "## MT-Bench\n\n| Model | Turn 1 | Turn 2 | Average |\n|-|-|-|-|\n| Foo-7B | 8.1 | 7.3 | 7.7 |"
    assert scores(table) == [("mt_bench_reported", 7.7, "points_10", None)]


def test_a_repeated_score_counts_once_and_a_different_one_is_another_run() -> None:
    table = "| Metric | Value |\n|-|-|\n| MMLU | {} |\n\n"
    rows = read(table.format(64.2) + table.format(64.2) + table.format(65)).scores
    assert rows.select("score_raw", "run_id").rows() == [(64.2, "card table"), (65.0, "card table#2")]


def test_html_cells_that_span_rows_and_columns_keep_the_others_in_place() -> None:
    text = (
        "<table><tr><th></th><th colspan=2>Scores</th></tr><tr><th>Category</th><th>Benchmark</th><th>Foo-7B</th></tr>"
        "<tr><td rowspan=2>General</td><td>MMLU</td><td>64.2</td></tr><tr><td>GPQA</td><td>30.1</td></tr></table>"
    )
    assert [(row[0], row[1]) for row in scores(text)] == [("mmlu_reported", 64.2), ("gpqa_reported", 30.1)]


@pytest.mark.parametrize("metric", ["acc_stderr", "acc_maj@8", "maj@64", "pass@10", "acc, first turn"])
def test_a_row_of_another_metric_is_not_the_benchmarks_score(metric: str) -> None:
    table = "| Benchmark | Metric | Foo-7B |\n|-|-|-|\n| MMLU | {} | 64.2 |\n| GPQA | acc | 30.1 |\n"
    assert [row[0] for row in scores(table.format(metric))] == ["gpqa_reported"]


def test_escaped_pipes_and_uneven_rows_keep_their_columns() -> None:
    text = (
        r"| Metric | Value |"
        + "\n|-|-|\n"
        + r"| A \| B | 1 |"
        + "\n| GPQA | 30 | surplus |\n| MMLU | 64.2 | |\n| HumanEval |"
    )
    assert scores(text) == [MMLU]


def test_dashes_that_do_not_fit_the_header_leave_rows_of_its_width() -> None:
    text = "| Model | Paper | MMLU |\n|-|-|\n| Foo-7B | - | 64.2 |\n| Foo-7B | 60 |"
    assert scores(text) == [MMLU]


def test_the_vendors_own_table_of_llama_3_3() -> None:
    # https://github.com/meta-llama/llama-models/blob/main/models/llama3_3/MODEL_CARD.md: models as columns.
    text = (
        "| Category | Benchmark | \\# Shots | Metric | Llama 3.1 70B Instruct | Llama-3.3 70B Instruct |\n"
        "| :---- | :---- | ----- | :---- | ----- | ----- |\n"
        "| General | MMLU (CoT) | 0 | macro\\_avg/acc | 86.0 | 86.0 |\n"
        "|  | MMLU Pro (CoT) | 5 | macro\\_avg/acc | 66.4 | 68.9 |\n"
        "| Reasoning | GPQA Diamond (CoT) | 0 | acc | 48.0 | 50.5 |\n"
        "| Code | HumanEval | 0 | pass@1 | 80.5 | 88.4 |\n"
    )
    assert scores(text, "meta-llama/Llama-3.3-70B-Instruct") == [
        ("mmlu_reported", 86.0, "percent", 0),
        ("mmlu_pro_reported", 68.9, "percent", 5),
        ("gpqa_diamond_reported", 50.5, "percent", 0),
        ("humaneval_reported", 88.4, "percent", 0),
    ]


PIECES = [
    "|",
    "-",
    "---",
    "\n",
    "MMLU",
    "Foo-7B",
    "64.2",
    "**",
    "[",
    "](",
    ")",
    "<table>",
    "<td>",
    "</table>",
    "<tr",
    "\\",
    "`",
]
PIECES += [
    "```\n",
    "# ",
    "<sup>",
    "%",
    "(5-shot)",
    " ",
    ":",
    "Value",
    "Metric",
    "&amp;",
    "\x00",
    "é",
    "<!--",
    "rowspan=9999999999",
]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
@settings(max_examples=300)
def test_no_text_raises_and_every_score_keeps_the_rules(text: str) -> None:
    parsed = read(text)
    assert parsed.scores["score_raw"].is_between(0, 100).all()


@given(place=st.integers(0, 200), piece=st.sampled_from(PIECES))
@settings(max_examples=150)
def test_a_mutated_table_never_gives_its_figure_to_another_benchmark(place: int, piece: str) -> None:
    text = "# Scores\n| Model | MMLU | GPQA |\n|---|---|---|\n| Foo-7B | 64.2 | 31.5 |\n| Bar | 60 | 30 |\n"
    found = {row[0]: row[1] for row in scores(text[:place] + piece + text[place:])}
    assert found.get("gpqa_reported") != 64.2 and found.get("mmlu_reported") != 31.5


def test_a_card_of_too_many_tables_is_read_up_to_the_bound_and_says_so() -> None:
    text = "| Metric | Value |\n|-|-|\n| MMLU | 64.2 |\n\n" * (MOST_TABLES + 1)
    with pytest.raises(TooManyTablesError):
        list(read_tables(text))
    parsed = read(text)
    assert [row[0] for row in parsed.scores.select("variant_id").rows()] == ["mmlu_reported"]
    assert parsed.quarantine["rule"].to_list() == ["card|tables"]
