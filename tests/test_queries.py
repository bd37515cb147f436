"""The worked questions on worlds of a few rows, computed by hand: what each compares, counts and leaves apart."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest
from test_views import insert, model, score

from leaderboard_etl.commands.query import named_query


def answer(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    return list(con.sql(named_query(name)).pl().iter_rows(named=True))


@pytest.fixture
def con(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    return empty


def test_a_model_of_unknown_size_is_listed_once_with_every_place_that_scores_it(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "o/new", "2025-11-06", "open_weights", params_reason="no source states a size")
    model(con, "o/merged", "2024-01-01", "open_weights", params_reason="the name states no size", population="merge")
    model(con, "o/sized-7b", "2025-11-06", "open_weights", params_total=7_000_000_000)
    model(con, "o/unscored", "2025-11-06", "open_weights")
    for name in ("o/new", "o/merged", "o/sized-7b"):
        score(con, name, 80.0, comparable_group="gpqa_diamond_epoch")
        score(con, name, 81.0, comparable_group="gpqa_diamond_epoch", run_id="2")
    insert(con, "core.ratings", model_id="o/new", source_id="arena_ratings", source_name="new", board="text",
           openness="open_weights", series="s", setting="n/a", published_on=date(2026, 3, 1), rating=1400.0,
           repo_id="r", revision="c" * 40, path="p", blob_id="b", locator="row 1", load_id=1)  # fmt: skip
    rows = answer(con, "unknown_sizes")
    assert [(row["model"], row["reason"], row["n_places"], row["scored_on"]) for row in rows] == [
        ("o/new", "no source states a size", 2, "gpqa_diamond_epoch; rated by the Arena, text"),
        ("o/merged", "the name states no size", 1, "gpqa_diamond_epoch"),
    ]


def test_precision_is_compared_within_a_repository_a_leaderboard_and_a_week(con: duckdb.DuckDBPyConnection) -> None:
    def run(name: str, precision: str, pct: float, day: str | None, source: str = "olb_v2_contents") -> None:
        score(con, "o/m", pct, source_id=source, source_name=name, precision=precision,
              evaluated_on=day and date.fromisoformat(day))  # fmt: skip

    model(con, "o/m", None, "open_weights")
    run("o/m", "bfloat16", 60.0, "2024-06-01")
    run("o/m", "4bit", 58.0, "2024-06-08")
    run("o/m", "8bit", 50.0, "2024-06-09")
    run("o/m", "float16", 61.0, None)
    run("o/old-name", "4bit", 10.0, "2024-06-01")  # another repository of the model
    run("o/m", "4bit", 20.0, "2024-06-01", source="olb_v1_contents")  # another leaderboard
    rows = {row["precision"]: row for row in answer(con, "precision_effect")}
    assert {name: (row["n_models"], row["n_of_any_day"]) for name, row in rows.items()} == {
        "4bit": (1, 1),
        "8bit": (0, 1),
        "float16": (0, 1),
    }
    assert (rows["4bit"]["beside"], rows["4bit"]["median_difference_pct"]) == ("bfloat16", -2.0)
    assert (rows["8bit"]["median_difference_pct"], rows["8bit"]["median_of_any_day_pct"]) == (None, -10.0)


def test_the_busiest_day_of_distinct_models_counts_each_on_the_day_of_its_first_row(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for name, precision, day in [
        ("a", "float16", 1),
        ("b", "float16", 1),
        ("a", "4bit", 2),
        ("b", "4bit", 2),
        ("c", "4bit", 2),
    ]:
        insert(con, "core.submissions", model_id=name, source_id="s", source_name=name, leaderboard="olb_v2", kind="table_row",
               precision=precision, status="FINISHED", submitted_on=date(2024, 7, day), repo_id="r", revision="c" * 40, path="p",
               blob_id="b", locator="row 1")  # fmt: skip
    rows = {row["definition"]: row for row in answer(con, "velocity")}
    assert {name: (row["submissions"], row["n_on_busiest_day"]) for name, row in rows.items()} == {
        "distinct_models": (3, 2),
        "table_rows": (5, 3),
    }
