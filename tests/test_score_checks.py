"""Scores under the wrong model or protocol: each kind is found by a query over all scores, and policy contains none."""

from __future__ import annotations

import re
from datetime import date

import duckdb
import polars as pl
import pytest
from sourcing import POLICY
from test_model_checks import found
from test_views import model, score

from leaderboard_etl.warehouse import core

SCORES = POLICY.frame("reference_scores")
REVIEW = POLICY.frame("reference_review")
# The key by which a row of the review refers to a row of reference_scores.
ROW = ("model_id", "variant_id", "score_raw", "source_dataset", "n_shot", "protocol")
MANY_TRIES = r"(?i)\b(cons|maj|best[- ]of)[- ]?@?[( ]?\d|\bpass@([02-9]|1\d)|parallel|majority vot"


@pytest.fixture
def con(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    empty.register("benchmarks", POLICY.benchmarks)
    empty.execute("insert into core.benchmarks select * from benchmarks")
    return empty


def test_a_tuned_model_with_the_score_of_its_base_is_reported(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "o/m-9b", None, "open_weights", tuning="base")
    model(con, "o/m-9b-it", None, "open_weights", tuning="instruct")
    model(con, "o/tuned", None, "open_weights", tuning="instruct", base_model_id="o/m-9b")
    for name in ("o/m-9b", "o/m-9b-it", "o/tuned"):
        score(con, name, 71.3, reported_by="reference")
    assert sorted(row[:2] for row in found(con, "tuned_scores_are_their_own")) == [
        ("o/m-9b-it", "o/m-9b"), ("o/tuned", "o/m-9b")
    ]  # fmt: skip


def test_a_tuned_model_with_its_own_score_is_not_reported(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "o/m-9b", None, "open_weights", tuning="base")
    model(con, "o/m-9b-it", None, "open_weights", tuning="instruct")
    score(con, "o/m-9b", 71.3, reported_by="reference")
    score(con, "o/m-9b-it", 71.4, reported_by="reference")
    score(con, "o/m-9b-it", 71.3, reported_by="reference", comparable_group="gpqa_reported", variant_id="gpqa_reported")
    assert found(con, "tuned_scores_are_their_own") == []


def test_equal_scores_measured_by_a_leaderboard_are_not_reported(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "o/m-9b", None, "open_weights", tuning="base")
    model(con, "o/m-9b-it", None, "open_weights", tuning="instruct")
    for name in ("o/m-9b", "o/m-9b-it"):
        score(con, name, 71.3, reported_by="leaderboard", comparable_group="mmlu_measured", variant_id="mmlu_olb_v1")
    assert found(con, "tuned_scores_are_their_own") == []


@pytest.mark.parametrize(
    ("protocol", "is_told"),
    [
        ("cons@64", True),
        ("Maj@32 5-shot CoT", True),
        ("Pass@5", True),
        ("best of 256", True),
        ("Diamond: with parallel test-time compute", True),
        ("Pass@1", False),
        ("Diamond Avg@8", False),
        ("5-shot, majority of subjects", False),
        (None, False),
    ],
)
def test_a_score_of_many_tries_is_reported(con: duckdb.DuckDBPyConnection, protocol: str | None, is_told: bool) -> None:
    model(con, "m", None, "proprietary")
    score(con, "m", 84.6, reported_by="reference", protocol=protocol)
    assert bool(found(con, "single_tries_are_single")) is is_told


def test_two_models_of_a_vendor_with_two_equal_scores_are_reported_but_not_with_one(
    con: duckdb.DuckDBPyConnection,
) -> None:
    humaneval = {
        "comparable_group": "humaneval_reported",
        "variant_id": "humaneval_reported",
        "benchmark_id": "humaneval",
    }
    for name in ("a", "copy", "alike"):
        model(con, name, None, "open_weights")
        score(con, name, 65.54, reported_by="reference")
    for name in ("a", "copy"):
        score(con, name, 89.73, reported_by="reference", **humaneval)
    score(con, "alike", 80.0, reported_by="reference", **humaneval)
    assert [row[1:3] for row in found(con, "models_do_not_share_figures")] == [("a", "copy")]


@pytest.mark.parametrize(
    ("reported_by", "released_on", "method"),
    [
        ("arena", "2023-06-19", "first_score"),
        ("leaderboard", "2023-06-19", "first_score"),
        ("reference", "2024-06-01", "reference"),
    ],
)
def test_a_model_is_released_no_later_than_its_first_score_in_a_public_table(
    con: duckdb.DuckDBPyConnection, reported_by: str, released_on: str, method: str
) -> None:
    core.insert_descriptions(con)
    model(con, "m", "2024-06-01", "open_weights", released_on_method="reference")
    model(con, "older", "2023-01-01", "open_weights", released_on_method="reference")
    first_scores = [(name, reported_by, date(2023, 6, 19)) for name in ("m", "older")]
    core._date_no_later_than(
        con, pl.DataFrame(first_scores, schema=["model_id", "reported_by", "first_on"], orient="row")
    )
    dates = "select model_id, released_on::varchar, released_on_method from core.models order by model_id"
    assert con.execute(dates).fetchall() == [("m", released_on, method), ("older", "2023-01-01", "reference")]


# Policy


def test_no_curated_score_is_of_many_tries() -> None:
    assert SCORES.filter(pl.concat_str(pl.col("protocol", "note").fill_null("")).str.contains(MANY_TRIES)).is_empty()


def test_shots_are_those_that_the_protocol_states() -> None:
    stated = SCORES.with_columns(pl.col("protocol").str.extract(r"\b(\d+)[- ]shot").alias("stated"))
    assert stated.filter(pl.col("stated").is_not_null() & pl.col("stated").ne_missing(pl.col("n_shot"))).is_empty()
    five = SCORES.filter(pl.col("variant_id") == "mmlu_reported_5shot")
    assert set(five["n_shot"]) == {"5"}
    assert five.filter(pl.col("protocol").str.contains("(?i)cot|chain")).is_empty()
    simple = SCORES.filter(pl.col("protocol").str.contains("simple-evals, |simple-evals$") & (pl.col("n_shot") != "0"))
    assert simple.is_empty(), "simple-evals is zero-shot"


def test_tables_that_quote_vendors_state_no_shots() -> None:
    arena = POLICY.benchmarks.filter(pl.col("variant_id") == "mmlu_arena")
    assert arena["n_shot"].to_list() == [None] and "shot" not in arena["display_name"][0]


def test_a_page_of_a_vendor_is_not_recorded_as_a_third_partys() -> None:
    assert SCORES.filter(pl.col("source_url").str.contains("qwen-ai\\.com|example\\.")).is_empty()


@pytest.mark.parametrize(
    ("model_id", "variant_id", "pct"),
    [
        ("deepseek-ai/DeepSeek-R1", "mmlu_reported", 90.8),
        ("deepseek-ai/DeepSeek-R1", "mmlu_pro_reported", 84.0),
        ("meta-llama/Llama-3.1-405B-Instruct", "mmlu_reported_5shot", 87.3),
        ("Qwen/Qwen-7B", "mmlu_reported_5shot", 58.2),
        ("meta-llama/Llama-3.1-70B-Instruct", "gpqa_reported", 46.7),
        ("microsoft/Phi-3.5-MoE-instruct", "mmlu_pro_reported", 54.3),
    ],
)
def test_a_score_equals_the_vendors_own_table(model_id: str, variant_id: str, pct: float) -> None:
    assert pct in _percents(model_id, variant_id)


@pytest.mark.parametrize(
    ("model_id", "variant_id", "pct"),
    [
        ("Qwen/Qwen3-235B-A22B", "mmlu_reported", 87.81),
        ("Qwen/QwQ-32B", "gpqa_reported", 65.2),
        ("xai/grok-3", "gpqa_reported", 84.6),
        ("mistralai/Ministral-8B-Instruct-2410", "mmlu_reported", 65.0),
        ("openai/text-davinci-002", "mmlu_reported_5shot", 70.0),
        ("openai/gpt-4o-2024-08-06", "gpqa_diamond_reported", 70.1),
        ("google/gemma-2-9b-it", "mmlu_reported_5shot", 71.3),
    ],
)
def test_scores_of_another_model_or_protocol_were_removed(model_id: str, variant_id: str, pct: float) -> None:
    assert pct not in _percents(model_id, variant_id)


def _percents(model_id: str, variant_id: str) -> list[float]:
    rows = SCORES.filter(pl.col("model_id") == model_id, pl.col("variant_id") == variant_id)
    factor = pl.col("score_unit").replace_strict({"fraction": 100.0, "percent": 1.0, "points_10": 10.0})
    return rows.select((pl.col("score_raw").cast(pl.Float64) * factor).round(2)).to_series().to_list()


# The review


def test_every_curated_row_was_reviewed_and_has_a_verdict() -> None:
    stands = REVIEW.filter(pl.col("outcome") != "dropped")
    reviewed = SCORES.filter(pl.col("source_dataset").is_in(stands["source_dataset"].unique().to_list()))
    assert reviewed.join(stands, on=ROW, how="anti", nulls_equal=True).is_empty()
    models = POLICY.frame("reference_models")
    of_models = REVIEW.filter(pl.col("table_name") == "reference_models")
    assert models.join(of_models.filter(pl.col("outcome") != "dropped"), on="model_id", how="anti").is_empty()


def test_kept_rows_have_evidence_and_dropped_rows_are_gone() -> None:
    kept = REVIEW.filter(pl.col("outcome").is_in(["kept", "added"]), pl.col("seen_in").is_null())
    assert kept.filter(pl.col("table_name") == "reference_scores").is_empty()
    dropped = REVIEW.filter((pl.col("outcome") == "dropped") & (pl.col("table_name") == "reference_scores"))
    assert dropped.join(SCORES, on=ROW, how="semi", nulls_equal=True).is_empty()
    assert not [reason for reason in REVIEW["reason"] if not re.search(r"\w", reason)]
