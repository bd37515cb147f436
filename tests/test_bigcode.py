"""The BigCode table: HumanEval as a score, its languages as subtasks, and a fixed header."""

from __future__ import annotations

import pytest
from sourcing import read
from worlds import BIGCODE_HEADER

from leaderboard_etl.errors import ContractError
from leaderboard_etl.sources.base import Parsed

PATH = "data/code_eval_board.csv"


def table(*rows: dict[str, str], header: str = BIGCODE_HEADER) -> Parsed:
    lines = [",".join(row.get(name, "") for name in header.split(",")) for row in rows]
    return read("bigcode", ("\n".join([header, *lines]) + "\n").encode(), path=PATH)


ROW = {"Model": "StarCoder-15B", "Size (B)": "15.5", "humaneval-python": "33.57", "java": "30.22"}


def test_python_is_the_score_and_the_other_languages_are_subtasks() -> None:
    parsed = table(ROW)
    assert parsed.scores.select("variant_id", "score_raw", "score_unit").rows() == [
        ("humaneval_bigcode", 33.57, "percent")
    ]
    assert parsed.frame("subtask_scores").select("task", "metric", "score_raw").rows() == [
        ("multiple-java", "pass@1", 30.22)
    ]


def test_a_row_that_links_to_a_repository_is_named_by_it() -> None:
    linked = table(ROW | {"Links": "https://huggingface.co/bigcode/starcoder"})
    anchored = table(ROW | {"Model": '<a href=""https://huggingface.co/bigcode/starcoder"">StarCoder</a>'})
    assert linked.models["source_name"].to_list() == ["bigcode/starcoder"]
    assert table(ROW).models["source_name"].to_list() == ["StarCoder-15B"]
    assert anchored.models.height + anchored.quarantine.height == 1


def test_a_size_is_a_claim_in_parameters_and_an_unreadable_one_null_with_its_text() -> None:
    assert table(ROW).parameter_claims.select("params", "reason").row(0) == (15_500_000_000, None)
    assert table(ROW | {"Size (B)": "big"}).parameter_claims.select("params", "reason").row(0) == (
        None,
        "the table says big",
    )


def test_an_empty_score_is_absent_and_a_wrong_one_quarantined() -> None:
    parsed = table(ROW | {"humaneval-python": "", "java": "130"})
    assert parsed.scores.is_empty() and parsed.frame("subtask_scores").is_empty()
    assert parsed.quarantine.select("rule", "offending_text").rows() == [("score_raw|range", "130")]


def test_a_submitted_row_is_not_called_verified() -> None:
    assert table(ROW).scores["is_verified"].to_list() == [True]
    assert table(ROW | {"Submission PR": "https://x.example/pr/1"}).scores["is_verified"].to_list() == [None]


def test_an_unknown_column_is_reported_as_drift() -> None:
    with pytest.raises(ContractError, match="kotlin"):
        table(ROW, header=BIGCODE_HEADER + ",kotlin")
