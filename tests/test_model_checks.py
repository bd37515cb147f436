"""The audit of identity and sizes: wrong joins, dead ends and circles between models prevent the publication."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest
from test_views import insert, model, score

from leaderboard_etl.policy import read_policy
from leaderboard_etl.warehouse.audit import checks
from leaderboard_etl.warehouse.core import insert_descriptions

PLACE = {"repo_id": "r", "revision": "c" * 40, "path": "p", "locator": "row 1"}


@pytest.fixture
def con(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    insert_descriptions(empty)
    return empty


def found(con: duckdb.DuckDBPyConnection, check: str) -> list[tuple[Any, ...]]:
    sql = next(c.sql for c in checks() if c.name == check)
    return con.execute(sql).fetchall()


def alias(con: duckdb.DuckDBPyConnection, name: str, model_id: str, method: str = "alias") -> None:
    insert(con, "core.model_aliases", source_id="s", source_name=name, model_id=model_id, method=method)


def sized(con: duckdb.DuckDBPyConnection, model_id: str, name: str, params: int | None, **facts: Any) -> None:
    defaults: dict[str, Any] = {
        "kind": "total",
        "method": "safetensors",
        "is_doubtful": False,
        "is_chosen": False,
        "is_disagreeing": False,
        "source_id": "s",
        "precision": "n/a",
        **PLACE,
    }
    insert(con, "core.parameter_evidence", model_id=model_id, source_name=name, params=params, **(defaults | facts))


def stated(con: duckdb.DuckDBPyConnection, name: str, openness: str, source_id: str = "s") -> None:
    moment = datetime(2025, 1, 1)
    insert(con, "history.models", source_id=source_id, source_name=name, openness=openness, precision="n/a", repo_type="model",
           blob_id="b", load_id=1, valid_from=moment, **PLACE)  # fmt: skip


def test_two_repositories_of_different_size_are_not_one_model(con: duckdb.DuckDBPyConnection) -> None:
    sized(con, "o/new", "o/old", 7_000_000_000)
    sized(con, "o/new", "o/new", 13_000_000_000)
    assert [row[:4] for row in found(con, "joined_names_are_one_model")] == [("size", "o/new", "o/new", "o/old")]


def test_a_renamed_repository_of_one_size_is_one_model(con: duckdb.DuckDBPyConnection) -> None:
    sized(con, "o/new", "o/old", 7_000_000_000)
    sized(con, "o/new", "o/new", 7_240_000_000)
    sized(con, "o/new", "o/old", 14_000_000_000, is_doubtful=True)
    assert found(con, "joined_names_are_one_model") == []


def test_a_submitters_figure_does_not_stop_a_night(con: duckdb.DuckDBPyConnection) -> None:
    sized(con, "o/new", "o/new", 7_000_000_000)
    sized(con, "o/new", "o/old", 70_000_000_000, source_id="olb_v2_requests")
    assert found(con, "joined_names_are_one_model") == []


def test_an_open_and_a_proprietary_name_are_not_one_model(con: duckdb.DuckDBPyConnection) -> None:
    for name, openness in [("api-name", "proprietary"), ("o/weights", "open_weights")]:
        alias(con, name, "o/weights")
        stated(con, name, openness)
    assert [row[0] for row in found(con, "joined_names_are_one_model")] == ["openness"]
    stated(con, "api-name", "open_weights")  # one of its tables contradicts the others, so the openness is unknown
    assert found(con, "joined_names_are_one_model") == []


def test_an_alias_to_a_name_that_is_itself_an_alias_is_found(con: duckdb.DuckDBPyConnection) -> None:
    alias(con, "a", "b")
    assert found(con, "aliases_end") == []
    alias(con, "b", "a")
    assert {row[1] for row in found(con, "aliases_end")} == {"a", "b"}


def test_an_alias_to_an_unknown_model_is_found(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "nobody/x", None, "open_weights", is_official=False)
    alias(con, "x", "nobody/x")
    stated(con, "o/m", "open_weights", source_id="olb_v1_contents")
    assert found(con, "aliases_lead_to_known_models") == []  # the table that is missing may name it
    stated(con, "o/m", "open_weights", source_id="olb_v2_contents")
    assert [row[2] for row in found(con, "aliases_lead_to_known_models")] == ["nobody/x"]
    alias(con, "nobody/x", "nobody/x", "hub_id")
    assert found(con, "aliases_lead_to_known_models") == []


def test_a_model_that_policy_calls_no_language_model_has_no_score_of_language(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "v/painter", None, "proprietary", population="not_language", not_language_reason="It makes images")
    model(con, "v/writer", None, "proprietary")
    score(con, "v/writer", 80.0)
    assert found(con, "not_language_models_have_no_scores") == []
    score(con, "v/painter", 80.0)
    assert [row[0] for row in found(con, "not_language_models_have_no_scores")] == ["v/painter"]


def test_sizes_that_disagree_are_reported_unless_doubted_or_settled(con: duckdb.DuckDBPyConnection) -> None:
    sized(con, "m", "m", 100, is_chosen=True)
    sized(con, "m", "m", 120, method="leaderboard", is_disagreeing=True, disagreement_pct=20.0)
    sized(con, "m", "m", 50, method="leaderboard", is_disagreeing=True, is_doubtful=True, disagreement_pct=50.0)
    assert [row[3] for row in found(con, "sizes_agree")] == [120]
    shown = con.execute("select params, state from mart.parameter_disagreement order by params").fetchall()
    assert shown == [(50, "doubted"), (120, "open")]
    con.execute("update core.parameter_evidence set is_chosen = false")
    sized(con, "m", "m", 100, method="override", is_chosen=True)
    assert found(con, "sizes_agree") == []
    states = con.execute("select distinct state from mart.parameter_disagreement").fetchall()
    assert states == [("settled",)]


def test_no_row_of_policy_leads_to_a_name_that_another_row_replaces() -> None:
    rows = read_policy().frame("model_aliases")
    ends = rows.select("source_id", "source_name", "model_id").rows()
    led = {(source_id, name.lower()) for source_id, name, model_id in ends if name.lower() != model_id.lower()}
    chained = [
        name
        for source_id, name, model_id in ends
        if name.lower() != model_id.lower() and {(source_id, model_id.lower()), ("*", model_id.lower())} & led
    ]
    assert chained == []
    assert rows["reason"].str.len_chars().min() and rows["source_url"].str.starts_with("https://").all()


@pytest.mark.parametrize(
    ("raw", "published_pct", "agrees"),
    [
        (0.6, 100 * (0.6 - 0.25) / 0.75, True),
        (0.6, 40.0, False),
        (0.38, 17.9, True),  # 17.33: both rounded to two places, the raw one may have been 0.3849
        (0.38, 18.1, False),
        (0.3812345, 17.5, True),  # the raw value is whole, so that only the published one is rounded
        (0.3812345, 17.9, False),
        (0.2, 0.0, True),  # below chance
    ],
)
def test_a_published_normalised_value_agrees_with_its_raw_score_within_rounding(
    con: duckdb.DuckDBPyConnection, raw: float, published_pct: float, agrees: bool
) -> None:
    key = {"source_id": "s", "source_name": "o/m", "variant_id": "gpqa_olb_v2", "precision": "bfloat16",
           "setting": "n/a", "run_id": "n/a"}  # fmt: skip
    common: dict[str, Any] = {**key, **PLACE, "score_raw": raw, "score_unit": "fraction", "blob_id": "b", "load_id": 1}
    common |= {"reported_by": "leaderboard"}
    insert(con, "core.benchmarks", benchmark_id="gpqa", variant_id="gpqa_olb_v2", display_name="GPQA", metric="acc_norm",
           comparable_group="gpqa_measured", scale="fraction", score_min_pct=0, score_max_pct=100, random_baseline=0.25,
           score_ceiling=1, norm_rule="aggregate", aggregation="single", source_url="u")  # fmt: skip
    ours_pct = max(0.0, 100 * (raw - 0.25) / 0.75)
    insert(con, "core.scores", **common, model_id="o/m", benchmark_id="gpqa", comparable_group="gpqa_measured",
           score_pct=100 * raw, score_norm_pct=ours_pct, norm_method="computed", is_corrected=False)  # fmt: skip
    moment = datetime(2025, 1, 1)
    insert(
        con, "history.scores", **common, score_norm_published_pct=published_pct, repo_type="dataset", valid_from=moment
    )
    assert (found(con, "normalised_values_agree") == []) is agrees
