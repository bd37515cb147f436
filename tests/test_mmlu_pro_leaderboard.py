"""The MMLU-Pro table: measured rows apart from reported ones, 14 subjects, sizes that are unknown, and a header that must fit."""

from __future__ import annotations

import pytest
from eee_records import record, result
from hypothesis import given, settings
from hypothesis import strategies as st
from sourcing import POLICY, landed, read
from worlds import MMLU_PRO_HEADER

from leaderboard_etl.errors import ContractError, EtlError
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.mmlu_pro_leaderboard import SUBJECTS
from leaderboard_etl.sources.registry import SOURCES

PATH = "results.csv"


def table(*rows: dict[str, str], header: str = MMLU_PRO_HEADER) -> Parsed:
    lines = [",".join(row.get(name, "-") for name in header.split(",")) for row in rows]
    return read("mmlu_pro_leaderboard", ("\n".join([header, *lines]) + "\n").encode(), path=PATH)


ROW = {"Models": "Yi-1.5-34B-Chat", "Data Source": "TIGER-Lab", "Model Size(B)": "34", "Overall": "0.5229"}


def test_a_measured_row_is_a_score_of_the_leaderboard_and_its_subjects_are_parts() -> None:
    parsed = table(ROW | {subject: f"0.{n + 10}" for n, subject in enumerate(SUBJECTS)})
    assert parsed.scores.select("source_name", "variant_id", "score_raw", "score_unit", "reported_by", "is_verified").rows() == [
        ("Yi-1.5-34B-Chat", "mmlu_pro_tiger_5shot_cot", 0.5229, "fraction", "leaderboard", True)
    ]  # fmt: skip
    parts = parsed.frame("subtask_scores").select("subtask", "score_raw").rows()
    assert len(parts) == 14 and parts[3] == ("computer_science", 0.13)


@pytest.mark.parametrize("said", ["Self-Reported", "Sefl-Reported", "self-reported"])
def test_a_reported_row_is_the_vendors_and_of_no_stated_protocol(said: str) -> None:
    parsed = table(ROW, ROW | {"Data Source": said, "Overall": "0.53"})
    assert parsed.scores.select("variant_id", "score_raw", "reported_by", "is_verified").sort("score_raw").rows() == [
        ("mmlu_pro_tiger_5shot_cot", 0.5229, "leaderboard", True),
        ("mmlu_pro_reported", 0.53, "vendor", False),
    ]
    assert parsed.models.height == 1


def test_a_slip_in_the_name_of_the_leaderboard_is_read_and_another_reporter_refused() -> None:
    assert table(ROW | {"Data Source": "TIGER-LAb"}).scores["reported_by"].to_list() == ["leaderboard"]
    parsed = table(ROW | {"Data Source": "Somebody"})
    assert parsed.scores.is_empty() and parsed.models.is_empty()
    assert parsed.quarantine.select("rule", "offending_text").rows() == [("row|reporter", "Somebody")]


def test_a_row_that_occurs_twice_is_one_and_one_that_differs_is_refused() -> None:
    parsed = table(ROW, ROW, ROW | {"Overall": "0.6"})
    assert parsed.source_rows == 3
    assert parsed.scores["score_raw"].to_list() == [0.5229]
    assert parsed.quarantine["rule"].to_list() == ["key|unique"]


def test_an_unknown_size_makes_no_claim_and_an_unreadable_one_says_what_stood_there() -> None:
    assert table(ROW).parameter_claims.select("params", "reason").rows() == [(34_000_000_000, None)]
    assert table(ROW | {"Model Size(B)": "unk"}).parameter_claims.is_empty()
    assert table(ROW | {"Model Size(B)": "8x7"}).parameter_claims.select("params", "reason").rows() == [
        (None, "the table says 8x7")
    ]


@pytest.mark.parametrize("cell", ["52.29", "-0.1", "high"])
def test_a_cell_that_is_no_fraction_is_refused(cell: str) -> None:
    parsed = table(ROW | {"Overall": cell, "Law": "34.79"})
    assert parsed.scores.is_empty() and parsed.frame("subtask_scores").is_empty()
    assert parsed.quarantine["rule"].to_list() == ["score_raw|range", "score_raw|range"]


def test_a_row_that_lacks_its_last_cell_is_refused_and_the_others_are_read() -> None:
    short = "\n".join([MMLU_PRO_HEADER, "A,TIGER-Lab,7,0.5" + ",-" * 13, "B,TIGER-Lab,7,0.6" + ",-" * 14, ""])
    parsed = read("mmlu_pro_leaderboard", short.encode(), path=PATH)
    assert parsed.scores["source_name"].to_list() == ["B"]
    assert parsed.quarantine["rule"].to_list() == ["row|width"]


@pytest.mark.parametrize("change", [("Data Source", "Source"), (",Other", ""), (",Other", ",Other,Rank")])
def test_another_header_is_drift_for_it_would_be_misread(change: tuple[str, str]) -> None:
    with pytest.raises(ContractError, match="no known era"):
        table(ROW, header=MMLU_PRO_HEADER.replace(*change))


def test_the_columns_may_stand_in_any_order() -> None:
    names = MMLU_PRO_HEADER.split(",")
    assert table(ROW, header=",".join(names[::-1])).scores["score_raw"].to_list() == [0.5229]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 120))
def test_damaged_bytes_are_read_refused_or_held(noise: bytes, at: int) -> None:
    whole = (MMLU_PRO_HEADER + "\nA,TIGER-Lab,7,0.5" + ",-" * 14 + "\n").encode()
    try:
        parsed = read("mmlu_pro_leaderboard", whole[:at] + noise + whole[at:], path=PATH)
    except EtlError:
        return
    assert parsed.rows_in is not None


def test_a_row_and_its_copy_in_every_eval_ever_say_the_same() -> None:
    """On a pair made by hand: no genuine table is at hand that holds a row whose copy is."""
    ours = table(ROW | {"Law": "0.3479"})
    source = {"source_name": "MMLU-Pro Leaderboard", "additional_details": {"leaderboard_data_source": "TIGER-Lab"}}
    content = record(
        "01-ai/yi-1.5-34b-chat",
        result("MMLU-Pro (overall)", 0.5229),
        result("MMLU-Pro (Law)", 0.3479),
        source_metadata=source,
    )
    theirs = SOURCES["every_eval_ever"].parse([landed(content, "data/mmlu-pro/01-ai/yi-1.5-34b-chat/1.json")], POLICY)
    same = ["variant_id", "score_raw", "score_unit"]
    assert ours.scores.select(same).equals(theirs.scores.select(same))
    parts = ["task", "metric", "metric_filter", "benchmark_id", "subtask", "score_raw"]
    assert ours.frame("subtask_scores").select(parts).equals(theirs.frame("subtask_scores").select(parts))
