"""Evaluation results of model repositories: units by policy, never by guess, and the Hub's answer beside the files."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sourcing import POLICY, landed, read
from worlds import World

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.eval_results import API_PATH, BOARD_PATH
from leaderboard_etl.sources.registry import SOURCES

PATH = ".eval_results/gpqa.yaml"


def entry(value: object = 78.8, task: str = "diamond", more: str = "") -> bytes:
    return f"- dataset:\n    id: Idavidrein/gpqa\n    task_id: {task}\n  value: {value}\n{more}".encode()


def results(content: bytes, path: str = PATH) -> Parsed:
    return read("eval_results", content, path=path, repo_id="org/m")


def test_an_entry_is_a_vendors_score_with_its_date_and_link() -> None:
    parsed = results(entry(more="  date: '2026-05-23'\n  source:\n    url: https://x.example/card\n"))
    wanted = ["source_name", "variant_id", "score_raw", "score_unit", "reported_by", "is_verified", "source_url"]
    assert parsed.scores.select(wanted).rows() == [
        ("org/m", "gpqa_diamond_reported", 78.8, "percent", "vendor_eval_results", False, "https://x.example/card")
    ]
    assert str(parsed.scores["evaluated_on"][0]) == "2026-05-23"


@pytest.mark.parametrize("task", ["diamond", "gpqa_diamond"])
def test_a_task_has_the_name_of_the_documentation_or_the_one_in_use(task: str) -> None:
    assert results(entry(task=task)).scores.height == 1


@pytest.mark.parametrize("value", ["0.412", "1.0", "0"])
def test_a_value_that_could_be_a_fraction_or_a_percentage_is_refused_not_guessed(value: str) -> None:
    parsed = results(entry(value))
    assert parsed.scores.is_empty()
    assert parsed.quarantine["rule"].to_list() == ["score_raw|unit"]


@pytest.mark.parametrize(("value", "rule"), [("high", "score_raw|number"), ("140", "score_raw|range")])
def test_a_value_that_is_none_is_quarantined(value: str, rule: str) -> None:
    assert results(entry(value)).quarantine["rule"].to_list() == [rule]


def test_a_benchmark_that_policy_does_not_list_is_counted_not_lost() -> None:
    parsed = results(entry().replace(b"Idavidrein/gpqa", b"org/other"))
    assert parsed.scores.is_empty() and parsed.quarantine.is_empty()
    assert [(d.kind, d.subject) for d in parsed.drift] == [("unknown_benchmark", "org/other")]


def test_an_unknown_task_of_a_benchmark_that_is_loaded_is_quarantined_with_its_entry() -> None:
    parsed = results(entry(task="gpqa_diamond_v2"))
    assert parsed.scores.is_empty() and parsed.drift == []
    rule, text = parsed.quarantine.select("rule", "offending_text").row(0)
    assert rule == "eval_results|task" and "gpqa_diamond_v2" in text


def test_a_benchmark_that_is_left_out_on_purpose_is_no_news() -> None:
    left_out = POLICY.frame("eval_tasks").filter(pl.col("variant_id").is_null())
    assert left_out.height and not left_out["left_out_because"].null_count()
    for dataset_id in left_out["dataset_id"]:
        parsed = results(entry(task="main").replace(b"Idavidrein/gpqa", dataset_id.encode()))
        assert (parsed.scores.height, parsed.quarantine.height, parsed.drift) == (0, 0, [])


def test_a_policy_of_before_benchmarks_could_be_left_out_by_name_still_reads() -> None:
    old = POLICY.frame("eval_tasks").drop_nulls("variant_id").drop("left_out_because").write_csv().encode()
    file = landed(entry(), PATH, repo_type="model", repo_id="org/m")
    parsed = SOURCES["eval_results"].parse([file], Policy({**POLICY.texts, "eval_tasks": old}))
    assert parsed.scores["score_raw"].to_list() == [78.8]


def test_an_entry_that_names_no_task_is_quarantined_with_its_text() -> None:
    parsed = results(entry() + b"- 3\n- dataset: {id: Idavidrein/gpqa}\n")
    assert parsed.scores.height == 1
    assert parsed.quarantine.select("rule", "offending_text", "locator").rows() == [
        ("eval_results|shape", "3", "[1]"),
        ("eval_results|shape", "{'dataset': {'id': 'Idavidrein/gpqa'}}", "[2]"),
    ]


def test_two_entries_of_one_task_in_a_file_are_two_runs() -> None:
    assert results(entry() + entry(80.1)).scores["run_id"].to_list() == ["gpqa.yaml", "gpqa.yaml#2"]


@pytest.mark.parametrize("content", [b"- [", b"just text", b"\xff\xfe", b"a: &a [*a]"])
def test_a_file_that_cannot_be_read_is_one_quarantined_record(content: bytes) -> None:
    parsed = results(content)
    assert parsed.scores.is_empty() and parsed.quarantine.height == 1


def test_a_result_in_an_open_pull_request_is_the_communitys() -> None:
    data = {"dataset": {"id": "Idavidrein/gpqa", "task_id": "diamond"}, "value": 60.5}
    shown = {"id": "org/m", "evalResults": [{"filename": PATH, "pullRequest": 3, "verified": True, "data": data}]}
    parsed = results(json.dumps(shown).encode(), API_PATH)
    assert parsed.scores.select("reported_by", "is_verified", "score_raw").rows() == [("community", True, 60.5)]


def test_a_datasets_leaderboard_names_models_and_scores_nothing() -> None:
    board = [{"modelId": "org/m", "filename": PATH}, {"modelId": "org/m"}, {"modelId": "org/n"}, {"no": "model"}]
    parsed = results(json.dumps(board).encode(), BOARD_PATH)
    assert parsed.models["source_name"].to_list() == ["org/m", "org/n"] and parsed.scores.is_empty()


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_value_is_stored_as_it_is_or_quarantined(value: float) -> None:
    parsed = results(entry(repr(value)))
    assert parsed.scores.height + parsed.quarantine.height == 1
    assert parsed.scores.is_empty() or parsed.scores["score_raw"][0] == value


def test_a_model_that_a_benchmarks_leaderboard_names_is_asked_for_its_results(world: World) -> None:
    root: Path = world.root
    dataset = POLICY.frame("eval_tasks")["dataset_id"][0]
    api = root / "_api/datasets" / f"{dataset}.json"
    api.parent.mkdir(parents=True)
    api.write_text(json.dumps({"leaderboard": [{"modelId": "org/found"}]}))
    file = root / "models/org/found" / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(entry())
    world.night(1)
    rows = world.query("select model_id, score_pct, path from core.scores where source_id = 'eval_results'")
    assert rows == [("org/found", 78.8, PATH)]


def test_a_gated_models_results_come_from_the_hubs_answer(world: World) -> None:
    data = {"dataset": {"id": "Idavidrein/gpqa", "task_id": "diamond"}, "value": 55.5}
    api = world.root / "_api/models/mistralai/Mistral-7B-v0.1.json"
    api.parent.mkdir(parents=True, exist_ok=True)
    api.write_text(json.dumps({"gated": "auto", "evalResults": [{"filename": PATH, "verified": False, "data": data}]}))
    world.night(1)
    rows = world.query("select score_pct, path from core.scores where source_id = 'eval_results'")
    assert rows == [(55.5, API_PATH)]
