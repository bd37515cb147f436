"""An article's numbers and sentences beside the warehouse: what is read of its source, what agrees, and what is proposed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from worlds import World

from leaderboard_etl.article.checking import Checked, check_article
from leaderboard_etl.article.numbers import printed_value, written_like
from leaderboard_etl.article.text import read_article
from leaderboard_etl.article.writing import rewritten
from leaderboard_etl.cli import main
from leaderboard_etl.export.article_file import article_json
from leaderboard_etl.export.article_tables import article_tables
from leaderboard_etl.policy import read_policy
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.opening import open_published

ARTICLE = Path(__file__).with_name("fixtures") / "article.mdx"
# What a warehouse says of the numbers of the article, as mart.article_numbers does.
OURS = {
    "facts.llama.released_year": 2023,
    "facts.chinchilla.alpha": 0.34,
    "facts.chinchilla.beta": 0.28,
    "table.dense_70b.params_total_b": 70.554,
    "table.dense_70b.params_active_b": 70.554,
    "table.dense_70b.mmlu_pct": 79.23,
    "table.dense_70b.cost_relative": 1.008,
    "table.moe_8x7b.params_total_b": 46.7,
    "table.moe_8x7b.params_active_b": 12.9,
    "table.moe_8x7b.mmlu_pct": 70.55,
    "table.moe_8x7b.cost_relative": 0.184,
    "table.moe_236b.params_total_b": 236,
    "table.moe_236b.params_active_b": 21,
    "table.moe_236b.mmlu_pct": 78.4,
    "table.moe_236b.cost_relative": 0.3,
    "table.dense_405b.params_total_b": 405,
    "table.dense_405b.params_active_b": 405,
    "table.dense_405b.mmlu_pct": 87.3,
    "table.dense_405b.cost_relative": 5.786,
    "claims.deepseek_v2_dense_equivalent": (2.0, 1.3, 3.1),
    "claims.lora_reduction": (1536, 768, 6144),
    "claims.qlora_70b_48gb": (46.0, 35.6, 46.0),
    "claims.mmlu_subjects": 57,
    "claims.submissions_table_rows": 11745,
    "claims.submissions_distinct_models": 9000,
    "claims.cost_reduction": (1.87, 0.74, 8.96),
}
OTHER_WORDS = """\
Meta published LLaMA in early 2023. DeepSeek's second generation, DeepSeek-V2, has 236 billion parameters in total, of which
21 billion are active for each token. A dense network would need 1.5 to 3 times its active size.

Low-rank adapters shrink the trainable weights 1,536-fold. A quantized 70B model fits into 48 GB of GPU memory with LoRA.
MMLU tests 57 subjects [@mmlu]. More than 11,000 submissions reached the leaderboard. GPT-4 came in 2023, after 3 years.

| Model | Total | Active | MMLU | Relative cost |
| --- | --- | --- | --- | --- |
| Mixtral 8x7B | 46.7 B | 12.9 B | 70.6 % | 0.18 |
"""


@pytest.fixture
def sample(standing: World) -> Warehouse:
    return standing.warehouse


def ours(changes: Mapping[str, object] | None = None) -> dict[str, dict[str, Any]]:
    rows = {}
    for name, said in {**OURS, **(changes or {})}.items():
        value, lo, hi = said if isinstance(said, tuple) else (said, None, None)
        within = 1.0 if name.endswith("mmlu_pct") else None
        rows[name] = {"number_id": name, "value": value, "lo": lo, "hi": hi, "within": within, "about": "rows"}
    return rows


def checked(
    text: str, changes: Mapping[str, object] | None = None, claim: Mapping[str, object] | None = None
) -> Checked:
    patterns, names = (
        list(read_policy().frame(f"article_{kind}").iter_rows(named=True)) for kind in ("numbers", "names")
    )
    claims = [claim] if claim else []
    return check_article(
        read_article(text), patterns, names, ours(changes), claims, {"one": "It is {value:.0%} of them."}
    )


def wrong(text: str, changes: Mapping[str, object] | None = None) -> list[tuple[str, str]]:
    return [(number.printed_id, number.text) for number in checked(text, changes).wrong]


def test_every_number_of_the_article_is_found_where_it_stands_and_those_that_disagree_are_named() -> None:
    found = checked(ARTICLE.read_text(encoding="utf-8"))
    assert {number.printed_id for number in found.numbers} == {
        *(name for name in OURS if name.startswith("table.")),
        *("llama_year", "chinchilla_alpha", "chinchilla_beta", "deepseek_v2_total", "deepseek_v2_active"),
        *("dense_equivalent", "lora_reduction", "qlora_memory", "mmlu_subjects", "submissions", "cost_reduction"),
    }
    assert {(number.printed_id, number.text, number.proposal) for number in found.wrong} == {
        ("dense_equivalent", "3-5", "2.0 (1.3 to 3.1)"),
        ("lora_reduction", "10,000", "1,536"),
        ("cost_reduction", "5-10", "1.9 (0.7 to 9.0)"),
    }
    source = ARTICLE.read_text(encoding="utf-8")
    assert all(source[number.start : number.end].startswith(number.text[:1]) for number in found.numbers)
    # 4-bit, 70B and the like: nobody is asked about them. References and comments are no text.
    assert [number.text for number in found.unknown] == ["70B"]


def test_in_other_words_the_same_numbers_are_found_and_none_is_a_false_alarm() -> None:
    assert wrong(OTHER_WORDS) == []
    assert len(checked(OTHER_WORDS).numbers) == 12


@pytest.mark.parametrize(
    ("printed", "altered", "number"),
    [
        ("in early 2023", "in early 2022", "llama_year"),
        ("236 billion", "230 billion", "deepseek_v2_total"),
        ("21 billion", "22 billion", "deepseek_v2_active"),
        ("1,536-fold", "20,000-fold", "lora_reduction"),
        ("48 GB", "24 GB", "qlora_memory"),
        ("57 subjects", "58 subjects", "mmlu_subjects"),
        ("11,000 submissions", "60k submissions", "submissions"),
        ("46.7 B", "47.7 B", "table.moe_8x7b.params_total_b"),
        ("70.6 %", "73.6 %", "table.moe_8x7b.mmlu_pct"),
        ("1.5 to 3 times", "4 to 5 times", "dense_equivalent"),
    ],
)
def test_an_altered_number_is_found_and_no_other(printed: str, altered: str, number: str) -> None:
    assert printed in OTHER_WORDS
    assert [name for name, _ in wrong(OTHER_WORDS.replace(printed, altered))] == [number]


def test_of_several_ways_to_count_one_that_agrees_is_enough() -> None:
    text = "The leaderboard has over 10,000 model submissions."
    assert wrong(text) == []
    assert wrong(text, {"claims.submissions_table_rows": 9500}) == [("submissions", "10,000")]


GAPS = {
    "gap.mmlu_helm.points": 2.8,
    "gap.mmlu_reported.points": 2.5,
    "gap.mmlu_pro_reported.points": 3.0,
    "gap.gpqa_diamond_epoch.points": 4.8,
    "gap.gpqa_main_helm.points": 10.7,
    "gap.humaneval_reported.points": 6.0,
    "gap.humaneval_plus_reported.points": 5.5,
    "gap.mt_bench.points": 10.2,
    "gap.mt_bench.points_of_ten": 1.02,
}


def found(text: str) -> list[tuple[str, str, str]]:
    return [(number.printed_id, number.text, number.verdict) for number in checked(text, GAPS).numbers]


@pytest.mark.parametrize(
    ("name", "right", "wrong_number"),
    [
        *(("MMLU-Pro", "3.0", "2.8"), ("MMLU Pro", "3.0", "2.8"), ("MMLU", "2.8", "3.0"), ("MMLU", "2.5", "10.7")),
        *(("GPQA Diamond", "4.8", "10.7"), ("GPQA", "10.7", "6.0"), ("GPQA", "4.8", "6.0")),
        *(
            ("HumanEval+", "5.5", "6.0"),
            ("HumanEval", "6.0", "5.5"),
            ("MT-Bench", "10.2", "2.8"),
            ("MT-Bench", "1.0", "2.8"),
        ),
    ],
)
def test_a_gap_is_compared_with_that_of_its_benchmark_by_its_whole_name(
    name: str, right: str, wrong_number: str
) -> None:
    text = "On {}, open models trail proprietary ones by {} points."
    [(printed_id, _, verdict)] = found(text.format(name, right))
    assert verdict == "agrees" and printed_id.endswith("_gap")
    assert found(text.format(name, wrong_number)) == [(printed_id, wrong_number, "disagrees")]


@pytest.mark.parametrize(
    "text",
    [
        *("On MMLU-Redux the gap is 9 points.", "On CMMLU the gap is 9 points.", "On Global-MMLU the gap is 9 points."),
        *("On MMLU-Neu the gap is 9 points.", "On HumanEval-X the gap is 9 points.", "The gap is 9 points."),
        *("DeepSeek-V2.5 has 238B in total.", "DeepSeek-V2-Lite activates 2.4B of 15.7B in total."),
        *("Mixtral 8x22B has 141B in total and 39B active.", "Mixtral 8x22B costs 0.55 of a dense 70B."),
        *("Llama 2 came in 2024.", "Code Llama came in 2024.", "QLoRA needs 16x less memory."),
        "| Model | Total | Active |\n| --- | --- | --- |\n| Llama 2 70B | 69B | 69B |\n| Mixtral 8x22B | 141B | 39B |",
    ],
)
def test_of_another_name_that_has_a_known_one_in_it_nothing_is_said(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "With a tolerance of 9 points, the gap on MT-Bench is a match.",
        "On MT-Bench open models trail proprietary ones, within 9 points.",
        "On MT-Bench the gap narrowed by 9 points.",
        "On HumanEval open models lead by 3.1 points in Python.",
    ],
)
def test_points_that_are_no_gap_are_not_compared_with_one(text: str) -> None:
    assert found(text) == []


def test_the_gap_between_two_models_is_not_that_between_the_best_of_both_sides() -> None:
    assert found("The gap between DeepSeek-R1 and GPT-4o is 9 points on MMLU.") == []
    said = "On MMLU Llama 3.1 405B trails Claude 3.5 by 2.8 points: the gap."
    assert found(said) == [("mmlu_gap", "2.8", "agrees")]


def test_a_number_in_a_name_is_not_listed_as_one_that_nobody_looks_for() -> None:
    text = "Claude 3.5 Sonnet and Llama 3.1 405B were tested 12 times on MATH-500."
    assert [number.text for number in checked(text).unknown] == ["12"]


@pytest.mark.parametrize("name", ["_MMLU_", "MMLU-5-shot", "MMLU_5-shot", "**MMLU**"])
def test_emphasis_and_shots_make_no_other_name(name: str) -> None:
    assert found(f"On {name} the gap is 9 points.") == [("mmlu_gap", "9", "disagrees")]


@pytest.mark.parametrize("name", ["MMLU_pro", "mmlu_Redux", "C_MMLU", "MMLU-CF"])
def test_a_longer_word_that_holds_a_name_is_not_that_name(name: str) -> None:
    assert found(f"On {name} the gap is 9 points.") == []


def test_a_number_of_a_known_name_that_the_warehouse_lacks_is_not_compared_with_anothers() -> None:
    assert found("MMLU-Pro has 14 subjects.") == [("mmlu_pro_subjects", "14", "not measurable")]
    assert found("MMLU has 14 subjects.") == [("mmlu_subjects", "14", "disagrees")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "On MMLU the gap is 9 points, on MMLU-Pro 3.0 points.",
            [("mmlu_gap", "9", "disagrees"), ("mmlu_pro_gap", "3.0", "agrees")],
        ),
        (
            "The gap is 2.8 points on MMLU and 9 points on MMLU-Pro.",
            [("mmlu_gap", "2.8", "agrees"), ("mmlu_pro_gap", "9", "disagrees")],
        ),
        # It may belong to either: what agrees with one is told, and of anything else nothing.
        ("On MMLU and MMLU-Pro the gap is 3.0 points.", [("gap", "3.0", "agrees")]),
        ("On MMLU and MMLU-Pro the gap is 9 points.", []),
        ("Mixtral 8x7B costs 0.30 of a dense 70B.", [("mixtral_8x7b_cost", "0.30", "disagrees")]),
    ],
)
def test_a_number_belongs_to_the_name_beside_it_where_the_sentence_leaves_no_doubt(
    text: str, expected: list[tuple[str, str, str]]
) -> None:
    assert found(text) == expected


def test_where_the_warehouse_has_several_numbers_each_is_named_and_none_is_written() -> None:
    text = "On MMLU the gap is 10 points.\n"
    findings = checked(text, GAPS)
    [number] = findings.wrong
    assert number.ours is not None and number.proposal is None
    assert [row["number_id"] for row in (number.ours, *number.others)] == [
        "gap.mmlu_helm.points",
        "gap.mmlu_reported.points",
    ]
    once = rewritten(read_article(text), findings)
    assert once == "On MMLU the gap is 10 points. {/* mmlu_gap: 2.8, rows; or 2.5, rows */}\n"
    assert rewritten(read_article(once), checked(once, GAPS)) == once


def test_a_name_from_data_does_not_end_the_comment_that_it_stands_in() -> None:
    text = "On MMLU the gap is 10 points.\n"
    findings = checked(text, GAPS)
    [number] = findings.wrong
    hostile = {**(number.ours or {}), "about": "model */} <script>\n# x"}
    written = rewritten(read_article(text), replace(findings, numbers=(replace(number, ours=hostile),)))
    assert written.count("*/") == 1 and written.count("\n") == 1 and written.endswith(" */}\n")


def test_every_name_leads_to_groups_or_rows_that_the_policy_has() -> None:
    policy = read_policy()
    groups = {f"gap.{group}" for group in policy.frame("comparable_groups")["comparable_group"]}
    cells = {f"table.{row}" for row in policy.frame("article_table")["row_id"]}
    for row in policy.frame("article_names").iter_rows(named=True):
        re.compile(row["spelled"])
        assert set((row["paths"] or "").split()) <= groups | cells | {"claims.mmlu", "facts.llama"}, row["name_id"]


def test_a_number_that_the_warehouse_does_not_have_is_not_measurable() -> None:
    [found] = checked("MMLU has 57 subjects.", {"claims.mmlu_subjects": None}).numbers
    assert (found.verdict, found.ours, found.proposal) == ("not measurable", None, None)


CLAIM: dict[str, object] = {
    "claim_id": "one",
    "sentence": "The release of LLaMA (Touvron et al., 2023) in early 2023 cracked the dam.",
    "computed_value": 0.25,
    "lo": None,
    "hi": None,
    "verdict": "fails",
}


def test_a_claim_is_found_in_its_words_whatever_the_citation_emphasis_and_line_breaks() -> None:
    source = ARTICLE.read_text(encoding="utf-8")
    [quote] = checked(source, claim=CLAIM).quotes
    assert source[quote.start :].startswith("The release of LLaMA")
    assert quote.proposal == "It is 25% of them."
    assert checked(source, claim=CLAIM | {"verdict": "holds"}).quotes[0].proposal is None
    assert checked(source, claim=CLAIM | {"computed_value": None}).quotes[0].proposal is None
    assert checked(source, claim=CLAIM | {"sentence": "The release of Falcon cracked the dam."}).quotes == ()


def test_only_what_a_reader_sees_is_text() -> None:
    shown = [sentence.text for sentence in read_article(ARTICLE.read_text(encoding="utf-8")).sentences]
    assert shown[:2] == [
        '"Open weights and closed gaps"',
        '"A survey of community-driven models closing the gap with proprietary AI"',
    ]
    assert "The release of LLaMA in early 2023 cracked the dam." in shown
    assert "MMLU benchmark scores plotted against model parameter count." in shown
    assert not any(word in text for text in shown for word in ("import", "touvron", "numbers.", "embeds/", "must not"))


def test_writing_replaces_what_disagrees_and_says_the_rest_behind_the_line() -> None:
    text = "MMLU has 58 subjects, says all.\n\nThe end.\n"
    claim = {**CLAIM, "sentence": "says all"}
    article = read_article(text)
    assert rewritten(article, checked(text, claim=claim)) == (
        "MMLU has 57 subjects, says all. {/* one: It is 25% of them. */}\n\nThe end.\n"
    )


@pytest.mark.parametrize("printed", ["5**8** subjects", "5&#56; subjects"])
def test_a_number_whose_source_is_not_what_a_reader_sees_stays_and_a_comment_says_ours(printed: str) -> None:
    text = f"MMLU has {printed}.\n"
    once = rewritten(read_article(text), checked(text))
    assert once.startswith(text.strip()) and " {/* mmlu_subjects: 57, " in once
    assert rewritten(read_article(once), checked(once)) == once


@pytest.mark.parametrize(
    ("text", "value"),
    [("10,000", 10_000), ("10k", 10_000), ("1.2 million", 1_200_000), (".34", 0.34), ("57 subjects", 57)],
)
def test_a_printed_number_is_read_with_its_scale(text: str, value: float) -> None:
    assert printed_value(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("printed", "value", "text"), [("10,000", 1536, "1,536"), ("0.30", 0.184, "0.18"), ("60k", 10_000, "10k")]
)
def test_our_number_is_written_in_the_form_of_the_printed_one(printed: str, value: float, text: str) -> None:
    assert written_like(printed, value) == text


def test_every_pattern_names_its_number_and_the_numbers_that_the_warehouse_has(sample: Warehouse) -> None:
    with closing(open_published(sample)) as con:
        known = {name for (name,) in con.execute("select number_id from mart.article_numbers").fetchall()}
    names = list(read_policy().frame("article_names").iter_rows(named=True))
    for row in read_policy().frame("article_numbers").iter_rows(named=True):
        assert "n" in re.compile(row["printed"]).groupindex, row["printed_id"]
        re.compile(row["sentence_has"])
        paths = [path for name in names if name["kind"] == row["about"] for path in (name["paths"] or "").split()]
        for number_id in row["number_ids"].split():
            # A gap has a name only where both sides have scores.
            ids = {number_id.format(name=path) for path in paths or [""]}
            assert ids & known or number_id.startswith("{name}.points"), row["printed_id"]


def test_the_numbers_of_the_article_have_one_name_each(sample: Warehouse) -> None:
    with closing(open_published(sample)) as con:
        repeated = "select number_id from mart.article_numbers group by all having count(*) > 1"
        assert con.execute(repeated).fetchall() == []


def test_the_text_can_be_filled_from_a_file_with_every_number_under_its_name(sample: Warehouse) -> None:
    with closing(open_published(sample)) as con:
        whole = json.loads(article_json(con, date(2026, 1, 1)))
        rows = con.execute("select number_id, value, unit from mart.article_numbers").fetchall()
    assert whole["as_of"] == "2026-01-01" and set(whole["about"]) == {name for name, _, _ in rows}
    for name, value, unit in rows:
        told = whole["numbers"]
        for part in name.split("."):
            told = told[part]
        assert told == (None if value is None else pytest.approx(value, abs=0.01)), name
        assert whole["about"][name]["unit"] == unit
    assert whole["numbers"]["facts"]["llama"]["released_year"] == 2023


def test_the_table_of_architectures_is_there_with_our_figures_as_mdx_and_latex(sample: Warehouse) -> None:
    with closing(open_published(sample)) as con:
        files = article_tables(con, [])
        total = con.execute(
            "select our_value from mart.article_cells where row_id = 'moe_8x7b' and cell = 'params_total_b'"
        ).fetchall()
    mdx, tex = (files[f"tables/architectures.{kind}"].decode() for kind in ("mdx", "tex"))
    assert total == [(46.7,)] and "| MoE 8x7B | Mixtral" in mdx and " | 46.7 | 12.9 | " in mdx
    assert [line.count("|") for line in mdx.splitlines()] == [7] * 6
    assert "MoE 8x7B & Mixtral" in tex and " & 46.7 & 12.9 & " in tex and tex.count(r"\\") == 5
    assert r"Total (B) & Active (B) & MMLU (\%) & Operations per token (dense 70B = 1) \\" in tex


def test_a_source_is_a_bibtex_entry_in_which_nothing_acts(empty: duckdb.DuckDBPyConnection) -> None:
    cited = {
        "source_id": "arena",
        "citation": "Chiang & others, 100% {odd} (2024), arXiv:2403.04132",
        "license": "CC_BY",
        "source_url": "https://example.org/a_b",
    }
    entries = article_tables(empty, [cited, cited])["tables/sources.bib"].decode()
    assert entries.startswith(
        "@misc{arena,\n  title = {Chiang \\& others, 100\\% \\{odd\\} (2024), arXiv:2403.04132},\n"
        "  url = {https://example.org/a_b},\n  note = {Licence: CC\\_BY},\n  year = {2024},\n  eprint = {2403.04132},"
    )
    assert "@misc{arena_2,\n" in entries


def test_the_command_leaves_the_file_alone_ends_with_3_and_tells_programs_all(
    sample: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "article.mdx"
    file.write_text("LLaMA came in early 2032.\n", encoding="utf-8")
    assert main(["article", "check", str(file), "-w", str(sample.root), "--json"]) == 3
    [number] = json.loads(capsys.readouterr().out)["numbers"]
    assert (number["printed"], number["verdict"], number["proposal"], number["line"]) == (
        "2032",
        "disagrees",
        "2023",
        1,
    )
    assert main(["article", "check", str(file), "-w", str(sample.root)]) == 3
    assert "line 1: disagrees: '2032' (llama_year); the warehouse: 2023" in capsys.readouterr().out
    assert file.read_text(encoding="utf-8") == "LLaMA came in early 2032.\n"
    assert main(["article", "check", str(file), "-w", str(sample.root), "--write"]) == 3
    assert main(["article", "check", str(file), "-w", str(sample.root)]) == 0


def test_an_article_that_cannot_be_read_is_one_line(
    sample: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["article", "check", str(tmp_path / "none.mdx"), "-w", str(sample.root)]) == 2
    assert "none.mdx cannot be read (No such file or directory)" in capsys.readouterr().err
