"""Single scores that an article states: which words state one, whose it is, and what was published of it."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import World

from leaderboard_etl.article.checking import Printed
from leaderboard_etl.article.published import judged
from leaderboard_etl.article.scores import names_to_ask, stated_scores
from leaderboard_etl.article.text import read_article
from leaderboard_etl.cli import main
from leaderboard_etl.policy import read_policy
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.opening import open_published
from leaderboard_etl.warehouse.called import models_meant

BENCHMARKS = [row for row in read_policy().frame("article_names").iter_rows(named=True) if row["kind"] == "benchmark"]
CALLED = {
    "DeepSeek-R1": ["deepseek-ai/DeepSeek-R1"],
    "DeepSeek-R1-0528": ["deepseek-ai/DeepSeek-R1-0528"],
    "GPT-4o": ["openai/gpt-4o"],
    "Llama 3 70B": ["meta-llama/Meta-Llama-3-70B-Instruct", "meta-llama/Meta-Llama-3-70B"],
    "Mistral Unscored": ["mistralai/unscored"],
    "Starling-7B": ["somebody/starling-7B"],
    "somebody/starling-7B": ["somebody/starling-7B"],
}
R1, GPT = "deepseek-ai/DeepSeek-R1", "openai/gpt-4o"


def row(
    model_id: str,
    group: str,
    score_pct: float,
    *,
    is_headline: bool = True,
    is_of_ten: bool = False,
    is_official: bool = True,
    n_shot: int | None = None,
    protocol: str | None = None,
) -> dict[str, Any]:
    return {
        "model_id": model_id,
        "comparable_group": group,
        "benchmark": group,
        "score_pct": score_pct,
        "is_of_ten": is_of_ten,
        "setting": None,
        "n_shot": n_shot,
        "protocol": protocol,
        "is_headline": is_headline,
        "is_official": is_official,
        "source_id": "reference",
        "source_url": "https://example.org",
    }


PUBLISHED = [
    row(R1, "mmlu_reported", 90.8),
    row(R1, "mmlu_helm", 88.2, is_headline=False),
    row(R1, "mmlu_pro_reported", 84.0),
    row(R1, "mt_bench", 93.2, is_of_ten=True),
    row(GPT, "mmlu_reported", 88.7),
    row("meta-llama/Meta-Llama-3-70B-Instruct", "mmlu_reported", 82.0),
    row("meta-llama/Meta-Llama-3-70B", "mmlu_reported", 79.5),
    row("somebody/starling-7B", "mmlu_reported", 47.8, is_official=False),
]


def found(text: str, published: list[dict[str, Any]] | None = None) -> list[Printed]:
    article = read_article(text)
    stated = stated_scores(article, BENCHMARKS, lambda name: CALLED.get(name, ()))
    return [judged(each, PUBLISHED if published is None else published) for each in stated]


def told(text: str) -> list[tuple[str, str, str]]:
    return [(each.printed_id, each.text, each.verdict) for each in found(text)]


FORMS = (
    "DeepSeek-R1 scores {} on MMLU.",
    "DeepSeek-R1 achieved an impressive {} accuracy on MMLU.",
    "DeepSeek-R1 has now reached {} on the MMLU benchmark.",
    "deepseek-ai's DeepSeek-R1 (671B) gets {} (5-shot) on MMLU.",
    "DeepSeek-R1, which has 37B active parameters, attains {} on MMLU.",
    "On MMLU, DeepSeek-R1 reaches {}.",
    "DeepSeek-R1's MMLU score is {}.",
    "DeepSeek-R1's MMLU of {} surprised many.",
    "DeepSeek-R1 has an MMLU score of {}.",
    "DeepSeek-R1's accuracy on MMLU is {}.",
    "The MMLU score of DeepSeek-R1 is {}.",
    "{} on MMLU for DeepSeek-R1 was published.",
    "An MMLU score of {} for DeepSeek-R1 was published.",
    "With {} on MMLU, DeepSeek-R1 is ahead.",
    "The MMLU score of {} puts DeepSeek-R1 ahead.",
    "DeepSeek-R1 leads MMLU with {}.",
    "Its authors report {} on MMLU for DeepSeek-R1.",
    "- **DeepSeek-R1**: {} on MMLU",
    "| Model | MMLU |\n| --- | --- |\n| DeepSeek-R1 | {} |",
    "| Benchmark | DeepSeek-R1 |\n| --- | --- |\n| MMLU (5-shot) | {} |",
)


@pytest.mark.parametrize("form", FORMS)
def test_a_score_is_found_in_many_words_and_compared_with_that_of_its_model_and_benchmark(form: str) -> None:
    assert told(form.format("90.8%")) == [("mmlu_score", "90.8%", "agrees")]
    assert told(form.format("95.0%")) == [("mmlu_score", "95.0%", "disagrees")]


@pytest.mark.parametrize("hyphen", ["\u2010", "\u2011", "\u2013"])
def test_a_hyphen_at_which_no_line_breaks_makes_no_other_name(hyphen: str) -> None:
    text = "DeepSeek-R1 scores 84.0% on MMLU-Pro.\n\n| Model | MMLU-Pro |\n| --- | --- |\n| DeepSeek-R1 | 84.0% |"
    printed = re.sub("(?<=[A-Za-z])-(?=[A-Z])", hyphen, text)
    assert told(printed) == [("mmlu_pro_score", "84.0%", "agrees")] * 2
    # A dash between numbers makes a range, and one between words an aside.
    assert told("DeepSeek-R1 reaches 90\u201392% on MMLU.") == [("mmlu_score", "90\u201392%", "agrees")]
    assert told("DeepSeek-R1 \u2013 an open model \u2013 reaches 90.8% on MMLU.") == [("mmlu_score", "90.8%", "agrees")]


@pytest.mark.parametrize(
    "text",
    [
        "DeepSeek-R1 scores {}&nbsp;% on MMLU&#8209;Pro.",
        "DeepSeek-R1 scores {}&#x25; on MMLU&#x2011;Pro.",
        "| Model | MMLU&#x2011;Pro |\n| --- | --- |\n| DeepSeek&#8209;R1 | {}&nbsp;% |",
        "| Model | A &vert; B | MMLU&#8209;Pro |\n| --- | --- | --- |\n| DeepSeek-R1 | 1 | {} |",
    ],
)
def test_a_character_that_is_written_as_an_entity_counts_as_itself(text: str) -> None:
    assert [verdict for _, _, verdict in told(text.format("84.0"))] == ["agrees"]
    assert [verdict for _, _, verdict in told(text.format("95.0"))] == ["disagrees"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GPT-4o and DeepSeek-R1 score 88.7% and 95% on MMLU, respectively.", ["agrees", "disagrees"]),
        ("GPT-4o scores 88.7% on MMLU, against 95% for DeepSeek-R1.", ["agrees", "disagrees"]),
        ("GPT-4o scores 95% on MMLU, DeepSeek-R1 90.8%.", ["disagrees", "agrees"]),
        ("On MMLU DeepSeek-R1 beats GPT-4o (90.8% vs. 88.7%).", ["agrees", "agrees"]),
        ("DeepSeek-R1 beats GPT-4o on MMLU (90.8% vs. 90.8%).", ["agrees", "disagrees"]),
        ("GPT-4o's 88.7% on MMLU is less than DeepSeek-R1's 90.8%.", ["agrees", "agrees"]),
        ("DeepSeek-R1 scores 90.8% on MMLU, 84.0% on MMLU-Pro, and 9.32 on MT-Bench.", ["agrees"] * 3),
        ("DeepSeek-R1 scores 84.0% on MMLU and 90.8% on MMLU-Pro.", ["disagrees"] * 2),
        ("DeepSeek-R1's scores of 90.8% and 84.0% on MMLU and MMLU-Pro are known.", ["agrees"] * 2),
        # Each score is right of the one, and none is of the other.
        ("DeepSeek-R1 and GPT-4o both score 88.7% on MMLU.", ["agrees"]),
        ("DeepSeek-R1 and GPT-4o both score 70% on MMLU.", ["not measurable"]),
    ],
)
def test_of_several_names_each_number_has_its_own(text: str, expected: list[str]) -> None:
    assert [verdict for _, _, verdict in told(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "DeepSeek-R1 is 95% cheaper than GPT-4o on MMLU.",
        "DeepSeek-R1 improves by 5% on MMLU.",
        "DeepSeek-R1 trails GPT-4o by 3% on MMLU.",
        "DeepSeek-R1 scores 5% higher than GPT-4o on MMLU.",
        "DeepSeek-R1 is within 2% of GPT-4o on MMLU.",
        "DeepSeek-R1 reaches 95% of GPT-4o's performance on MMLU.",
        "On MMLU, DeepSeek-R1 beats 95% of models.",
        "DeepSeek-R1 scores higher than 95% of models on MMLU.",
        "DeepSeek-R1 does not reach 95% on MMLU.",
        "DeepSeek-R1 could reach 95% on MMLU.",
        "Will DeepSeek-R1 reach 95% on MMLU?",
        "DeepSeek-R1 got 100% uptime while testing MMLU.",
        "Some 40% of MMLU questions are wrong, says a critic of GPT-4o.",
        "MMLU has 57 subjects, and GPT-4o was tested 5-shot with 95% confidence.",
        "GPT-4o's MMLU score rose 2.1% since May.",
        "Only 2% separate GPT-4o from DeepSeek-R1 on MMLU.",
        "Users prefer GPT-4o 60% of the time, though MMLU says otherwise.",
        "DeepSeek-R1 was trained with 30% less compute than GPT-4o and scores well on MMLU.",
        "Random guessing scores 25% on MMLU, and GPT-4o more.",
        "GPT-4o has 8 experts on MMLU duty since 2024.",
        "A coder achieves 79.9 pass@1 on HumanEval, 73.2 pass@1 on HumanEval+.",
    ],
)
def test_what_is_no_score_is_not_compared_with_one(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FooNet-7B scores 95% on MMLU.", "no model called FooNet-7B"),
        ("DeepSeek-R1-Zero scores 95% on MMLU.", "no model called DeepSeek-R1-Zero"),
        ("DeepSeek-R1 Nano scores 95% on MMLU.", "no model called DeepSeek-R1 Nano"),
        ("DeepSeek-R1 scores 95% on FooBench.", "no scores of FooBench"),
        ("DeepSeek-R1 scores 95% on Spanish MMLU.", "no scores of Spanish MMLU"),
        ("DeepSeek-R1 scores 95% on CMMLU.", "no scores of CMMLU"),
        ("DeepSeek-R1 scores 95% on MMLU-Redux.", "no scores of MMLU-Redux"),
        ("DeepSeek-R1 scores 95% on MMLU_Pro.", "no scores of MMLU_Pro"),
        ("DeepSeek-R1 scores 95% on MMLU/Pro.", "no scores of MMLU/Pro"),
        ("DeepSeek-R1 scores 95% on MMLU\u00adPro.", "no scores of MMLU\u00adPro"),
        ("DeepSeek-R1 scores 95% on MMLU's physics questions.", "no scores of a part of MMLU"),
        ("Mistral Unscored scores 95% on MMLU.", "no MMLU score of mistralai/unscored"),
        ("A quantized DeepSeek-R1 scores 95% on MMLU.", "leaves open"),
        ("DeepSeek-R1 distillations score 95% on MMLU.", "leaves open"),
        ("With majority voting, DeepSeek-R1 reaches 95% on MMLU.", "leaves open"),
    ],
)
def test_where_it_cannot_be_checked_the_reason_is_said_and_nothing_is_wrong(text: str, reason: str) -> None:
    [number] = found(text)
    assert number.verdict == "not measurable" and reason in str(number.reason)


def test_a_score_that_differs_is_named_with_the_nearest_and_the_one_that_charts_use() -> None:
    [number] = found("DeepSeek-R1 scores 87.0% on MMLU.")
    assert number.ours is not None and (number.ours["value"], [each["value"] for each in number.others]) == (
        88.2,
        [90.8],
    )
    assert (
        "the value that charts use" in number.others[0]["about"] and number.ours["source_url"] == "https://example.org"
    )
    # Any published one is enough.
    assert told("DeepSeek-R1 scores 88.2% on MMLU.") == [("mmlu_score", "88.2%", "agrees")]


def test_a_short_name_may_mean_each_of_its_releases_and_the_one_that_it_is_right_of_is_named() -> None:
    [number] = found("Llama 3 70B scores 79.5% on MMLU.")
    assert number.verdict == "agrees" and number.ours is not None
    assert number.ours["about"].startswith("meta-llama/Meta-Llama-3-70B, ")
    assert told("Llama 3 70B scores 81.0% on MMLU.") == [("mmlu_score", "81.0%", "disagrees")]


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        ("DeepSeek-R1 scores 90.8% on MMLU (5-shot).", "agrees", None),
        ("DeepSeek-R1 scores 70% on MMLU (5-shot).", "disagrees", None),
        ("DeepSeek-R1 scores 70% on MMLU.", "disagrees", "the protocol may differ: none is stated here, 5-shot there"),
        (
            "DeepSeek-R1 scores 70% on MMLU (zero-shot).",
            "not measurable",
            "the protocol differs: 0-shot here, 5-shot there",
        ),
        (
            "DeepSeek-R1 scores 90.8% on MMLU (0-shot).",
            "not measurable",
            "the same number is published, but the protocol differs: 0-shot here, 5-shot there",
        ),
        ("DeepSeek-R1 scores 70% on MMLU and 0% on MT-Bench (0-shot).", "disagrees", "none is stated here"),
        ("| Model | MMLU (0-shot) |\n| --- | --- |\n| DeepSeek-R1 | 70% |", "not measurable", "0-shot here"),
    ],
)
def test_a_score_under_another_protocol_than_it_states_does_not_disagree(
    text: str, verdict: str, reason: str | None
) -> None:
    published = [row(R1, "mmlu_reported", 90.8, n_shot=5)]
    first = found(text, published)[0]
    assert first.verdict == verdict and (reason or "None") in str(first.reason)


def test_the_protocol_that_differs_is_one_that_a_source_states() -> None:
    published = [row(R1, "mmlu_reported", 90.8, n_shot=5), row(R1, "mmlu_reported", 71.0, protocol="a table of a card")]
    [number] = found("DeepSeek-R1 scores 70% on MMLU (zero-shot).", published)
    assert (number.verdict, number.reason) == ("not measurable", "the protocol differs: 0-shot here, 5-shot there")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DeepSeek-R1 is open. It scores 90.8% on MMLU.", [("agrees", None)]),
        ("DeepSeek-R1 is open. It scores 95% on MMLU.", [("disagrees", None)]),
        ("DeepSeek-R1 is open. It is large. The model scores 95% on MMLU.", [("disagrees", None)]),
        ("DeepSeek-R1 is open. Its MMLU score is 95%.", [("disagrees", None)]),
        ("DeepSeek-R1 is open. Its accuracy on MMLU is 90.8%.", [("agrees", None)]),
        ("DeepSeek-R1 beats GPT-4o. It scores 95% on MMLU.", [("not measurable", "of DeepSeek-R1 or GPT-4o")]),
        ("DeepSeek-R1 beats GPT-4o. It scores 88.7% on MMLU.", [("agrees", None)]),
        ("DeepSeek-R1 is open. It beats GPT-4o. It scores 95% on MMLU.", [("not measurable", "leaves open")]),
        ("GPT-4o came first. DeepSeek-R1 is open. It scores 95% on MMLU.", [("disagrees", None)]),
        ("FooNet-7B is open. It scores 95% on MMLU.", [("not measurable", "no model called FooNet-7B")]),
        ("This is new. It scores 95% on MMLU.", [("not measurable", "no sentence before it in the paragraph")]),
        ("DeepSeek-R1 is open.\n\nIt scores 95% on MMLU.", [("not measurable", "no sentence before it")]),
    ],
)
def test_it_is_the_model_that_the_paragraph_named_last(text: str, expected: list[tuple[str, str | None]]) -> None:
    numbers = found(text)
    assert [number.verdict for number in numbers] == [verdict for verdict, _ in expected]
    assert all((reason or "None") in str(number.reason) for number, (_, reason) in zip(numbers, expected, strict=True))
    assert all(text[number.start : number.end] == number.text for number in numbers)
    asked = names_to_ask(read_article(text), BENCHMARKS)
    assert "DeepSeek-R1" in asked or "DeepSeek-R1 is open. It" not in text


def test_a_bare_name_of_a_model_that_no_vendor_made_may_be_anothers() -> None:
    assert told("Starling-7B scores 47.8% on MMLU.") == [("mmlu_score", "47.8%", "agrees")]
    assert told("Starling-7B scores 63.9% on MMLU.") == [("mmlu_score", "63.9%", "not measurable")]
    assert told("somebody/starling-7B scores 63.9% on MMLU.") == [("mmlu_score", "63.9%", "disagrees")]


@pytest.mark.parametrize(
    ("printed", "is_right"),
    [
        *(
            ("over 90%", True),
            ("more than 91%", False),
            ("at least 90.8%", True),
            ("under 91%", True),
            ("below 90%", False),
        ),
        *(("about 90%", True), ("nearly 92%", False), ("90-91%", True), ("92 to 93%", False), ("88–92%", True)),
        *(("0.908", True), ("0.95", False), ("90.8", True), ("91%", True), ("90%", False), ("90.8 percent", True)),
    ],
)
def test_a_bound_a_range_and_a_fraction_are_read_as_such(printed: str, is_right: bool) -> None:
    published = [row(R1, "mmlu_reported", 90.8)]
    [number] = found(f"DeepSeek-R1 scores {printed} on MMLU.", published)
    assert number.verdict == ("agrees" if is_right else "disagrees")


@given(
    score=st.decimals(min_value=1, max_value=100, places=3).map(float),
    decimals=st.integers(0, 3),
    unit=st.sampled_from(["%", " %", "\\%", " percent", " per cent"]),
    form=st.sampled_from([form for form in FORMS if "|" not in form]),
)
def test_a_score_agrees_with_itself_in_any_rounding_and_with_no_other(
    score: float, decimals: int, unit: str, form: str
) -> None:
    printed = f"{score:.{decimals}f}{unit}"
    [number] = found(form.format(printed), [row(R1, "mmlu_reported", score)])
    assert number.verdict == "agrees" and number.text == printed
    for other in (score + 1.01 * 10.0**-decimals, score - 1.01 * 10.0**-decimals):
        [number] = found(form.format(printed), [row(R1, "mmlu_reported", other)])
        assert number.verdict == "disagrees"


@given(st.text(alphabet=st.sampled_from([*"DeepSk-R1 GPT4o%.,()' MLU90–’s\n|:"]), max_size=80))
def test_no_text_breaks_the_search(text: str) -> None:
    found(text)
    names_to_ask(read_article(text), BENCHMARKS)


def test_every_group_of_scores_belongs_to_a_name() -> None:
    named = {group for each in BENCHMARKS for group in (each["groups"] or "").split()}
    assert named == set(read_policy().frame("comparable_groups")["comparable_group"])


def test_a_name_means_what_the_warehouse_calls_so_and_no_longer_name(standing: World) -> None:
    with closing(open_published(standing.warehouse)) as con:
        meant = models_meant(con, ["DeepSeek-R1", "DeepSeek-R", "Llama 3 70B", "GPT-4", "FooNet-7B"])
    assert meant["DeepSeek-R1"] == ["deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-R1-0528"]
    assert {"meta-llama/Meta-Llama-3-70B", "meta-llama/Meta-Llama-3-70B-Instruct"} <= set(meant["Llama 3 70B"])
    assert "openai/gpt-4-0314" in meant["GPT-4"] and not any("4o" in each or "4.1" in each for each in meant["GPT-4"])
    assert not {"DeepSeek-R", "FooNet-7B"} & meant.keys()


def test_the_command_judges_single_scores_and_names_their_source(
    standing: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample: Warehouse = standing.warehouse
    file = tmp_path / "article.mdx"
    file.write_text("DeepSeek-R1 scores 95.0% on MMLU. DeepSeek-R1 scores 90.8% on MMLU.\n", encoding="utf-8")
    assert main(["article", "check", str(file), "-w", str(sample.root)]) == 3
    lines = capsys.readouterr().out.splitlines()
    [wrong] = [line for line in lines if "disagrees: '95.0%' (mmlu_score)" in line and "the warehouse: 90.8" in line]
    [right] = [line for line in lines if "agrees: '90.8%' (mmlu_score); the warehouse: 90.8" in line]
    assert all("deepseek-ai/DeepSeek-R1, MMLU, as reported" in line and "https://" in line for line in (wrong, right))
    assert main(["article", "check", str(file), "-w", str(sample.root), "--write"]) == 3
    assert "95.0% on MMLU" in file.read_text() and "{/* mmlu_score: 90.8, deepseek-ai/DeepSeek-R1" in file.read_text()
    file.write_text("FooNet-7B scores 95.0% on MMLU.\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["article", "check", str(file), "-w", str(sample.root), "--json"]) == 0
    [number] = json.loads(capsys.readouterr().out)["numbers"]
    assert (number["verdict"], number["reason"]) == ("not measurable", "the warehouse has no model called FooNet-7B")
