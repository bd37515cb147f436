"""The worked questions on worlds of a few rows, computed by hand: what each compares, counts and leaves apart."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_views import insert, model, score

from leaderboard_etl.commands.query import named_query
from leaderboard_etl.policy import read_policy
from leaderboard_etl.settings import resource
from leaderboard_etl.warehouse.core import insert_descriptions

QUERIES = sorted((resource("sql") / "queries").glob("*.sql"))


def answer(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    return list(con.sql(named_query(name)).pl().iter_rows(named=True))


@pytest.fixture
def con(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    insert_descriptions(empty)
    empty.register("benchmarks", read_policy().benchmarks)
    empty.execute("insert into core.benchmarks from benchmarks")
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
    assert {(row["unknown_of_side"], row["of_side"]) for row in rows} == {(2, 3)}, "o/sized-7b is scored and has a size"


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
    # Of another leaderboard, the day is none on which this one wrote rows itself.
    content = "source_id,submitted_on,reason\ns,2024-07-02,written again\nother,2024-07-01,written again\n"
    insert(con, "history.policy_files", name="import_days", content=content, blob_id="b", load_id=1,
           valid_from=datetime(2026, 1, 1))  # fmt: skip
    rows = {row["definition"]: row for row in answer(con, "velocity")}
    assert {name: (row["is_bulk_import"], row["n_bulk_imported"]) for name, row in rows.items()} == {
        "distinct_models": (False, 1),
        "table_rows": (True, 3),
    }
    assert {
        name: (row["submissions"], row["n_on_busiest_day"], row["busiest_on"].day) for name, row in rows.items()
    } == {
        "distinct_models": (3, 2, 1),
        "table_rows": (5, 3, 2),
    }


def test_a_model_that_two_leaderboards_list_on_one_day_is_of_the_older_which_did_not_fill_itself(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for source in ("olb_v2_contents", "olb_v1_contents"):
        insert(con, "core.submissions", model_id="m", source_id=source, source_name="m", leaderboard=source[:6], kind="table_row",
               precision="float16", status="FINISHED", submitted_on=date(2024, 6, 9), repo_id="r", revision="c" * 40, path="p",
               blob_id="b", locator="row 1")  # fmt: skip
    content = "source_id,submitted_on,reason\nolb_v2_contents,2024-06-09,filled itself\n"
    insert(con, "history.policy_files", name="import_days", content=content, blob_id="b", load_id=1,
           valid_from=datetime(2026, 1, 1))  # fmt: skip
    rows = answer(con, "velocity")
    assert {row["definition"]: row["n_bulk_imported"] for row in rows} == {"distinct_models": 0, "table_rows": 1}
    assert {row["month"] for row in rows} == {date(2024, 6, 1)}


def test_organisations_count_their_official_models_and_their_bests_in_groups_of_both_sides(
    con: duckdb.DuckDBPyConnection,
) -> None:
    # No group is a headline: two have both sides, and the third is the open ones' alone.
    for group in ("one", "two", "open_only"):
        insert(con, "core.comparable_groups", comparable_group=group, benchmark_id="mmlu", display_name=group, is_headline=False,
               match_tolerance_pct=1.0, source_url="https://example.org")  # fmt: skip
    for name, openness, organization, population in [
        ("closed", "proprietary", "Vendor", "official"),
        ("best", "open_weights", "Few", "official"),
        ("small", "open_weights", "Many", "official"),
        ("large", "open_weights", "Many", "official"),
        ("tune", "open_weights", "Somebody", "fine_tune"),
    ]:
        model(con, name, "2024-01-01", openness, organization=organization, population=population)
    for group in ("one", "two", "open_only"):
        for name, pct in (("best", 70.0), ("small", 50.0), ("large", 60.0), ("tune", 99.0)):
            score(con, name, pct, comparable_group=group)
    score(con, "closed", 80.0, comparable_group="one")
    score(con, "closed", 80.0, comparable_group="two")
    rows = answer(con, "organizations")
    assert [(row["organization"], row["n_models"], row["n_bests"], row["n_best_models"]) for row in rows] == [
        ("Many", 2, 0, 0),
        ("Few", 1, 2, 1),
        ("Vendor", 1, 2, 1),
    ]
    assert {row["n_groups"] for row in rows} == {2}
    licences = answer(con, "frontier_licenses")
    assert [(row["comparable_group"], row["model"]) for row in licences] == [("one", "best"), ("two", "best")]


def test_a_model_of_which_no_source_says_whether_it_is_a_mixture_counts_as_neither(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for name, is_moe, billions in (("dense", False, 7), ("mixture", True, 47), ("unsaid", None, None)):
        model(con, name, "2025-01-01", "open_weights", is_moe=is_moe, params_total=billions and billions * 10**9)
    rows = answer(con, "sizes_by_year")
    assert [(row["is_moe"], row["n_models"], row["greatest_params_total_b"]) for row in rows] == [
        (False, 1, 7.0),
        (True, 1, 47.0),
        (None, 1, None),
    ]


def test_who_closed_the_gap_is_shown_with_the_protocol_of_either_score(con: duckdb.DuckDBPyConnection) -> None:
    insert(con, "core.comparable_groups", comparable_group="mmlu_reported", benchmark_id="mmlu", display_name="MMLU, as reported",
           is_headline=True, match_tolerance_pct=1.0, source_url="https://example.org")  # fmt: skip
    for name, openness in (("closed", "proprietary"), ("open", "open_weights")):
        model(con, name, "2023-01-01", openness)
    model(con, "unstated", "2022-01-01", "proprietary")
    score(con, "unstated", 70.0)
    score(con, "closed", 86.4, n_shot=5)
    score(con, "open", 88.6, protocol="chain of thought", setting="high")
    insert(con, "mart.gap_lag", population="official", comparable_group="mmlu_reported", estimator="catch_up", tolerance_pct=1.0,
           closed_model_id="closed", closed_model="closed", closed_released_on=date(2023, 1, 1), closed_score_pct=86.4,
           open_model_id="open", open_model="open", open_released_on=date(2023, 1, 1), open_score_pct=88.6)  # fmt: skip
    insert(con, "mart.gap_lag", population="official", comparable_group="mmlu_reported", estimator="catch_up", tolerance_pct=1.0,
           closed_model_id="unstated", closed_model="unstated", closed_released_on=date(2022, 1, 1))  # fmt: skip
    rows = answer(con, "gap_closers")
    assert [(row["measured"], row["closed_protocol"], row["open_protocol"]) for row in rows] == [
        ("MMLU, as reported", "5-shot", "chain of thought, high"),
        ("MMLU, as reported", "not stated", None),
    ]


def test_drift_between_sources_leaves_names_out_and_doubt_puts_them_last(con: duckdb.DuckDBPyConnection) -> None:
    def said(model_id: str, method: str, billions: int, place: str, **facts: object) -> None:
        insert(con, "core.parameter_evidence", model_id=model_id, kind="total", method=method, params=billions * 10**9,
               confidence=0.5, source_id="s", source_name=model_id, precision="n/a", repo_id="r", revision="c" * 40, path="p",
               locator=place, is_doubtful=False, **facts)  # fmt: skip

    for name in ("named", "open"):
        model(con, name, None, "open_weights")
        said(name, "config", 10, "config", is_chosen=True, is_disagreeing=False)
    said("named", "name", 90, "name", is_chosen=False, is_disagreeing=True, disagreement_pct=800.0)
    for place in ("row 1", "row 2"):
        said("open", "leaderboard", 20, place, is_chosen=False, is_disagreeing=True, disagreement_pct=100.0)
    assert [(row["model_id"], row["said_b"], row["n_places"]) for row in answer(con, "size_drift")] == [
        ("open", 20.0, 2)
    ]
    doubts = [(row["model_id"], row["state"], row["n_places"]) for row in answer(con, "sizes_in_doubt")]
    assert doubts == [("open", "open", 2), ("named", "name", 1)]
    assert answer(con, "sizes_in_doubt")[1]["source_place"] == "its name"


@pytest.mark.parametrize("file", QUERIES, ids=lambda file: file.stem)
def test_a_question_of_official_models_of_headlines_or_of_mixed_protocols_says_so(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    head = "\n".join(takewhile(lambda line: line.startswith("--"), lines))
    body = "\n".join(lines)[len(head) :]
    assert len(lines[0]) <= len("-- ") + 150
    if re.search(r"where [^()]*population = 'official'", body):
        assert re.search("official", head, re.IGNORECASE)
    if "_reported'" in body:
        assert "mixes protocols" in head
    if "is_headline" in body and "order by p.is_headline" not in body:
        assert re.search("headline", head, re.IGNORECASE)


def rated(con: duckdb.DuckDBPyConnection, model_id: str, rating: float, day: int = 1, setting: str = "n/a") -> None:
    insert(con, "core.ratings", model_id=model_id, source_id="arena_ratings", source_name=f"{model_id} {setting}", board="text",
           openness="open_weights", series="s", setting=setting, published_on=date(2026, 3, day), rating=rating, repo_id="r",
           revision="c" * 40, path="p", blob_id="b", locator="row 1", load_id=1)  # fmt: skip


def headline(
    con: duckdb.DuckDBPyConnection, comparable_group: str, benchmark_id: str, is_headline: bool = True
) -> None:
    insert(con, "core.comparable_groups", comparable_group=comparable_group, benchmark_id=benchmark_id,
           display_name=comparable_group, is_headline=is_headline, match_tolerance_pct=1.0, source_url="u")  # fmt: skip


def test_the_newest_rating_of_a_model_at_its_best_setting_is_ranked_beside_its_score(
    con: duckdb.DuckDBPyConnection,
) -> None:
    headline(con, "gpqa_diamond_epoch", "gpqa")
    headline(con, "mmlu_pro_reported", "mmlu_pro")
    for name, pct in (("liked", 60.0), ("right", 90.0), ("unrated", 99.0)):
        model(con, name, "2026-01-01", "open_weights")
        score(con, name, pct, comparable_group="gpqa_diamond_epoch")
    model(con, "unscored", "2026-01-01", "open_weights")
    rated(con, "unscored", 1600.0)
    rated(con, "right", 1500.0, day=1)
    rated(con, "right", 1400.0, day=2)
    rated(con, "liked", 1410.0, day=2)
    rated(con, "liked", 1450.0, day=2, setting="thinking")
    # Another benchmark ranks the models that have its score, and these alone.
    score(con, "liked", 80.0, comparable_group="mmlu_pro_reported")
    rows = answer(con, "ratings_against_benchmark")
    assert [(row["model"], row["rating"], row["rated_setting"], row["score_rank"]) for row in rows] == [
        ("liked", 1450.0, "thinking", 2),
        ("right", 1400.0, "n/a", 1),
        ("liked", 1450.0, "thinking", 1),
    ]
    assert [(row["comparable_group"], row["rank_correlation"], row["n_models"]) for row in rows] == [
        ("gpqa_diamond_epoch", -1.0, 2),
        ("gpqa_diamond_epoch", -1.0, 2),
        ("mmlu_pro_reported", None, 1),
    ]
    assert {(row["lo"], row["hi"]) for row in rows} == {(None, None)}


def test_each_headline_group_says_of_how_many_models_and_how_surely_ratings_order_them_as_it_does(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for group, benchmark in (("mmlu_pro_reported", "mmlu_pro"), ("mmlu_pro_helm", "mmlu_pro"), ("gpqa_epoch", "gpqa")):
        headline(con, group, benchmark)
    headline(con, "mmlu_pro_other", "mmlu_pro", is_headline=False)
    for number in range(30):
        name = f"m-{number:02}"
        model(con, name, "2024-01-01", "open_weights")
        rated(con, name, 1000.0 + number)
        rated(con, name, 500.0, setting="thinking")
        score(con, name, 10.0 + number, comparable_group="gpqa_epoch")
        if number < 7:
            # Every second pair of neighbours changes places: Spearman's 1 - 6 * 6 / (7 * 48).
            place = number + (-1 if number % 2 else 1) * (number < 6)
            score(con, name, 10.0 + place, comparable_group="mmlu_pro_helm")
            score(con, name, 10.0 + number, comparable_group="mmlu_pro_other")
        if number < 3:
            score(con, name, 10.0 - number, comparable_group="mmlu_pro_reported")
    rows = [tuple(row.values()) for row in answer(con, "rating_correlations")]
    assert rows == [
        ("gpqa", "gpqa_epoch", 30, 1.0, 1.0, 1.0, None),
        (
            "mmlu_pro",
            "mmlu_pro_helm",
            7,
            0.89,
            0.43,
            0.98,
            "fewer than 30 models: read lo and hi before the correlation",
        ),
        ("mmlu_pro", "mmlu_pro_reported", 3, -1.0, None, None, "too few models for an interval"),
    ]
    by_model = {row["comparable_group"]: row for row in answer(con, "ratings_against_benchmark")}
    assert [(row["lo"], row["hi"]) for row in by_model.values()] == [(1.0, 1.0), (0.43, 0.98), (None, None)]


def test_both_versions_of_the_leaderboard_are_correlated_over_the_models_in_both(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for name, v1, v2 in (("a", 40.0, 10.0), ("b", 50.0, 30.0), ("c", 90.0, 20.0), ("old", 99.0, None)):
        model(con, name, "2024-01-01", "open_weights")
        score(con, name, v1, comparable_group="mmlu_measured")
        if v2 is not None:
            score(con, name, v2, comparable_group="mmlu_pro_measured")
    rows = answer(con, "v1_against_v2")
    assert [(row["model"], row["mmlu_rank"], row["mmlu_pro_rank"]) for row in rows] == [
        ("b", 2, 1),
        ("c", 1, 2),
        ("a", 3, 3),
    ]
    assert {(row["rank_correlation"], row["n_models"]) for row in rows} == {(0.5, 3)}
    assert {row["average_rank_correlation"] for row in rows} == {None}  # of one benchmark there is no average


def test_equal_scores_share_the_middle_of_their_ranks_and_averages_are_of_six_benchmarks(
    con: duckdb.DuckDBPyConnection,
) -> None:
    variants = con.execute(
        "select variant_id, comparable_group from core.benchmarks where variant_id similar to '[a-z_0-9]+_olb_v[12]'"
    ).fetchall()
    for name, first, second in (("a", 10.0, 1.0), ("b", 20.0, 2.0), ("c", 20.0, 3.0), ("d", 30.0, 4.0)):
        model(con, name, "2024-01-01", "open_weights")
        for variant, group in variants:
            is_first = variant.endswith("v1")
            norm_pct = first if is_first else 100 - second
            score(con, name, first if is_first else second, variant_id=variant, comparable_group=group,
                  score_norm_pct=norm_pct)  # fmt: skip
    rows = answer(con, "v1_against_v2")
    # Spearman's of 1, 2.5, 2.5, 4 and 1, 2, 3, 4; the averages of v2, which are normalised, are the other way round.
    told = {(row["rank_correlation"], row["average_rank_correlation"], row["v2_average_pct"]) for row in rows}
    assert {(correlation, of_averages) for correlation, of_averages, _ in told} == {(0.95, -0.95)}
    assert {average for *_, average in told} == {96.0, 97.0, 98.0, 99.0}


def test_the_front_of_each_headline_group_names_the_best_model_that_it_lacks_for_its_size(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for group, is_headline in (("one", True), ("two", True), ("aside", False)):
        insert(con, "core.comparable_groups", comparable_group=group, benchmark_id="mmlu", display_name=group,
               is_headline=is_headline, match_tolerance_pct=1.0, source_url="https://example.org")  # fmt: skip
    for name, billions, pct in [
        ("small", 1, 50.0),
        ("wasteful", 30, 45.0),
        ("large", 70, 80.0),
        ("as-large", 70, 80.0),
        ("larger", 80, 80.0),
        ("unsized", None, 90.0),
        ("unsized-worse", None, 20.0),
    ]:
        model(con, name, "2024-01-01", "open_weights", params_active=billions and billions * 10**9)
        score(con, name, pct, comparable_group="one")
        score(con, name, pct, comparable_group="aside")
    score(con, "wasteful", 45.0, comparable_group="two")
    rows = answer(con, "pareto_active_size")
    assert [(row["comparable_group"], row["model"], row["n_unsized"], row["best_unsized"]) for row in rows] == [
        ("one", "small", 2, "unsized: 90.0"),
        ("one", "as-large", 2, "unsized: 90.0"),
        ("one", "large", 2, "unsized: 90.0"),
        ("two", "wasteful", 0, None),
    ]


def test_the_best_small_models_of_a_month_are_all_that_share_its_best_score(con: duckdb.DuckDBPyConnection) -> None:
    for name, released_on, billions, pct in [
        ("first", "2024-01-05", 7, 30.0),
        ("second", "2024-01-20", 7, 35.0),
        ("as-good", "2024-01-25", 7, 35.0),
        ("no-better", "2024-02-01", 7, 35.0),
        ("too-large", "2024-03-01", 10, 90.0),
        ("third", "2024-04-01", 9, 36.0),
    ]:
        model(con, name, released_on, "open_weights", params_total=billions * 10**9)
        score(
            con, name, pct, comparable_group="gpqa_diamond_epoch", variant_id="gpqa_diamond_epoch", benchmark_id="gpqa"
        )
    rows = answer(con, "best_open_under_10b")
    assert [(row["month"].month, row["model"], row["best_pct"]) for row in rows] == [
        (1, "as-good", 35.0),
        (1, "second", 35.0),
        (4, "third", 36.0),
    ]


def test_derivatives_of_a_base_are_direct_or_through_others_and_a_merge_is_one_of_each_parent(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for name in ("base", "other", "tune", "merge", "lonely"):
        model(con, name, None, "open_weights")
    score(con, "merge", 50.0)
    for name, base, relation in [
        ("tune", "base", "finetune"),
        ("merge", "tune", "merge"),
        ("merge", "other", "merge"),
    ]:
        insert(con, "core.model_bases", model_id=name, base_model_id=base, relation=relation, is_first=base != "other",
               source_id="s", source_name=name, repo_id="r", revision="c" * 40, path="p", locator="row 1")  # fmt: skip
    rows = answer(con, "derivatives")
    counts = ("base_model_id", "n_derivatives", "n_scored", "n_direct", "n_finetunes", "n_merges", "most_steps")
    assert [tuple(row[name] for name in counts) for row in rows] == [
        ("base", 2, 1, 1, 1, 0, 2),
        ("other", 1, 1, 1, 0, 1, 1),
        ("tune", 1, 1, 1, 0, 1, 1),
    ]
    assert {row["n_with_a_base"] for row in rows} == {2}


def test_derivatives_tell_of_how_many_owners_they_are_and_a_gain_counts_each_base_once(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for name, tuning, pct in (("big/base", "base", 50.0), ("small/base", "base", 40.0)):
        model(con, name, None, "open_weights", tuning=tuning)
        score(con, name, pct, comparable_group="ifeval_measured")
    tuned = [("eager/a", "small/base", 41.0), ("eager/b", "small/base", 41.0), ("eager/c", "small/base", 42.0),
             ("calm/d", "big/base", 60.0)]  # fmt: skip
    for name, base, pct in tuned:
        model(con, name, None, "open_weights", tuning="instruct")
        score(con, name, pct, comparable_group="ifeval_measured")
        insert(con, "core.model_bases", model_id=name, base_model_id=base, relation="finetune", is_first=True,
               source_id="s", source_name=name, repo_id="r", revision="c" * 40, path="p", locator="row 1")  # fmt: skip
    of_bases = {row["base_model_id"]: (row["n_derivatives"], row["n_owners"]) for row in answer(con, "derivatives")}
    assert of_bases == {"small/base": (3, 1), "big/base": (1, 1)}
    [row] = answer(con, "gain_over_base")
    assert (row["n_pairs"], row["n_bases"], row["median_gain_pct"], row["median_of_bases_pct"]) == (4, 2, 1.5, 5.5)


def test_a_subject_is_of_models_with_all_subjects_by_one_source_and_of_equal_bests_the_last_name(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute(
        """
        create or replace view core.subtask_scores as
        select *, 'mmlu' as benchmark_id, 'acc' as metric
        from (values
            ('o/a', 'whole', 'law', 0.5), ('o/a', 'whole', 'art', 0.4), ('o/a', 'partly', 'art', 0.9),
            ('o/b', 'whole', 'law', 0.3), ('o/b', 'whole', 'art', 0.4), ('o/c', 'partly', 'law', 0.8)
        ) as s(model_id, source_id, subtask, score_raw)
        """
    )
    rows = answer(con, "hardest_mmlu_subjects")
    assert [(row["subtask"], row["n_models"], row["best_pct"], row["best_model"]) for row in rows] == [
        ("art", 2, 40.0, "o/b"),
        ("law", 2, 50.0, "o/a"),
    ]


def test_a_slope_stands_with_its_interval_and_a_refusal_with_its_reason(con: duckdb.DuckDBPyConnection) -> None:
    def fit(side: str, **facts: object) -> None:
        insert(con, "mart.scaling_fit", population="official", comparable_group="one", openness=side, era="all", form="total",
               **facts)  # fmt: skip

    fit("open_weights", slope=2.0, slope_lo=1.5, slope_hi=2.5, r2=0.4, n=9, n_scored=10, n_families=5)
    fit("all", slope=1.0, slope_lo=-0.5, slope_hi=2.5, n=9, n_scored=12)
    fit("proprietary", n=1, n_scored=2, refusal_reason="too few")
    insert(con, "mart.scaling_fit", population="official_base", comparable_group="one", openness="open_weights", era="all",
           form="total", slope=3.0, slope_lo=2.5, slope_hi=3.5, n=8, n_scored=8, n_families=5)  # fmt: skip
    for name, side, size_b, pct in (
        ("o/small", "open_weights", 1, 50.0),
        ("o/large", "open_weights", 10, 60.0),
        ("o/huge", "open_weights", 100, 80.0),
        ("o/small-base", "open_weights", 1, 50.0),
        ("o/huge-base", "open_weights", 100, 90.0),
        ("o/closed", "proprietary", 100, 90.0),
        ("o/unsized", "open_weights", None, 99.0),
    ):
        facts = {"params_total": size_b * 10**9} if size_b else {}
        model(con, name, "2024-01-01", side, family="f", tuning="base" if "base" in name else "instruct", **facts)
        score(con, name, pct, comparable_group="one", score_norm_pct=pct)
    rows = answer(con, "slopes")
    told = ("population", "side", "is_rising", "odds_times", "points_per_tenfold", "refusal_reason")
    assert [tuple(row[name] for name in told) for row in rows if row["side"] != "all"] == [
        ("official", "open_weights", True, 7.4, 17.5, None),
        ("official", "proprietary", None, None, None, "too few"),
        ("official_base", "open_weights", True, 20.1, 20.0, None),
    ]
    [both] = [row for row in rows if row["side"] == "all"]
    assert (both["is_rising"], both["odds_times"], both["points_per_tenfold"]) == (False, 2.7, 18.6)


def test_a_mixture_has_the_answer_of_each_headline_group_and_the_smallest_dense_model_of_its_time(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for group, is_headline in (("mmlu_reported", True), ("mmlu_helm", True), ("mmlu_measured", False)):
        insert(con, "core.comparable_groups", comparable_group=group, benchmark_id="mmlu", display_name=group,
               is_headline=is_headline, match_tolerance_pct=1.0, source_url="https://example.org")  # fmt: skip
        facts = {"equivalent_params_b": 30.0, "single_lo_b": 4.0, "single_hi_b": 210.0} if group == "mmlu_helm" else {}
        insert(con, "mart.dense_equivalent", model_id="o/moe", model="o/moe", comparable_group=group, params_active_b=10.0,
               reason=None if facts else "no line", **facts)  # fmt: skip
    for name, day, size_b, active_b, is_moe in (
        ("o/moe", "2024-01-01", 40, 10, True),
        ("o/dense-30b", "2023-12-01", 30, 30, False),
        ("o/dense-20b", "2023-12-01", 20, 20, False),
        ("o/later-10b", "2024-02-01", 10, 10, False),
        ("o/other-moe-5b", "2023-12-01", 5, 1, True),
    ):
        model(
            con, name, day, "open_weights", params_total=size_b * 10**9, params_active=active_b * 10**9, is_moe=is_moe
        )
    for name, group, pct in (
        ("o/moe", "mmlu_reported", 70.0),
        ("o/moe", "mmlu_helm", 71.0),
        ("o/moe", "mmlu_measured", 72.0),
        ("o/dense-30b", "mmlu_reported", 75.0),
        ("o/dense-30b", "mmlu_helm", 75.0),
        ("o/dense-20b", "mmlu_reported", 75.0),
        ("o/dense-20b", "mmlu_helm", 70.0),
        ("o/later-10b", "mmlu_helm", 90.0),
        ("o/other-moe-5b", "mmlu_helm", 90.0),
    ):
        score(con, name, pct, comparable_group=group)
    told = (
        "comparable_group",
        "typical_dense_b",
        "single_lo_b",
        "single_hi_b",
        "times_active",
        "smallest_dense",
        "reason",
    )
    assert [tuple(row[name] for name in told) for row in answer(con, "mixtures_against_dense")] == [
        ("mmlu_helm", 30.0, 4.0, 210.0, 3.0, "o/dense-30b", None),
        ("mmlu_reported", None, None, None, None, "o/dense-20b", "no line"),
    ]


def test_a_price_over_time_is_of_official_models_at_one_score_of_one_group_by_side_and_month(
    con: duckdb.DuckDBPyConnection,
) -> None:
    def price(side: str, month: str, usd: float, **facts: object) -> None:
        default = {
            "population": "official",
            "comparable_group": "mmlu_helm",
            "score_threshold_pct": 70.0,
            "is_later": False,
        }
        insert(con, "mart.price_to_reach", benchmark="mmlu", openness=side, month=date.fromisoformat(month),
               blended_usd_per_mtok=usd, model_id="o/m", score_pct=71.26, provider="p", is_vendor=True,
               priced_on=date(2024, 6, 1), priced_through_on=date(2026, 1, 1), n_unpriced=2, **(default | facts))  # fmt: skip

    price("proprietary", "2023-03-01", 12.0, is_later=True)
    price("proprietary", "2024-07-01", 0.26251, withdrawn_on=date(2025, 9, 1))
    price("proprietary", "2023-11-01", 9.0)
    price("open_weights", "2024-04-01", 0.9)
    price("proprietary", "2023-04-01", 1.0, population="all")
    price("proprietary", "2023-05-01", 2.0, comparable_group="mmlu_reported")
    price("proprietary", "2023-06-01", 3.0, score_threshold_pct=75.0)
    told = ("side", "month", "usd_per_mtok", "score_pct", "is_later", "withdrawn_on", "unpriced")
    assert [tuple(row[name] for name in told) for row in answer(con, "price_over_time")] == [
        ("open_weights", date(2024, 4, 1), 0.9, 71.3, False, None, 2),
        ("proprietary", date(2023, 3, 1), 12.0, 71.3, True, None, 2),
        ("proprietary", date(2023, 11, 1), 9.0, 71.3, False, None, 2),
        ("proprietary", date(2024, 7, 1), 0.263, 71.3, False, date(2025, 9, 1), 2),
    ]


def test_a_leaderboards_average_stands_beside_the_one_that_it_publishes(con: duckdb.DuckDBPyConnection) -> None:
    groups = ("ifeval", "bbh", "math_lvl5", "gpqa", "musr", "mmlu_pro")

    def row(name: str, published: tuple[float | None, ...], day: int = 1) -> None:
        for group, norm in zip(groups, published, strict=True):
            place = {"variant_id": f"{group}_olb_v2", "source_id": "olb_v2_contents", "precision": "bfloat16"}
            score(
                con,
                name,
                50.0,
                comparable_group=f"{group}_measured",
                score_norm_pct=40.0,
                norm_method="computed",
                **place,
            )
            insert(con, "history.scores", source_name=name, score_norm_published_pct=norm, run_id="n/a", setting="n/a",
                   score_raw=0.5, score_unit="fraction", reported_by="leaderboard", repo_type="dataset", repo_id="r",
                   revision="c" * 40, path="p", blob_id="b", locator="row 1", load_id=1,
                   valid_from=datetime(2026, 1, day), **place)  # fmt: skip

    for name in ("whole", "partly"):
        model(con, name, None, "open_weights")
    row("whole", (40.0, 40.0, 40.0, 40.0, 40.0, 46.0))
    row("partly", (40.0, 40.0, 40.0, 40.0, 40.0, None))
    told = ("source_name", "average_pct", "board_average_pct", "difference_pct")
    assert [tuple(row[name] for name in told) for row in answer(con, "leaderboard_average")] == [
        ("partly", 40.0, None, None),
        ("whole", 40.0, 41.0, -1.0),
    ]


def test_a_variant_that_nobody_has_a_score_of_is_not_listed(con: duckdb.DuckDBPyConnection) -> None:
    for group in ("gpqa_diamond_epoch", "gpqa_reported"):
        insert(con, "core.comparable_groups", comparable_group=group, benchmark_id="gpqa", display_name=group, is_headline=False,
               match_tolerance_pct=1.0, source_url="https://example.org")  # fmt: skip
    assert answer(con, "gpqa_variants") == []
    model(con, "o/m", None, "open_weights")
    score(con, "o/m", 50.0, benchmark_id="gpqa", variant_id="gpqa_diamond_epoch", comparable_group="gpqa_diamond_epoch")
    assert [(row["comparable_group"], row["n_models"]) for row in answer(con, "gpqa_variants")] == [
        ("gpqa_diamond_epoch", 1)
    ]


def test_a_copy_that_others_uploaded_is_named_beside_the_official_model_of_its_name(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for name in ("vendor/Model-8B", "o/a", "o/b"):
        model(con, name, None, "open_weights", population="official" if name.startswith("vendor") else "fine_tune")
    for name, base in (("o/a", "vendor/Model-8B"), ("o/b", "copies/model-8b-bnb-4bit")):
        insert(con, "core.model_bases", model_id=name, base_model_id=base, relation="finetune", is_first=True,
               source_id="s", source_name=name, repo_id="r", revision="c" * 40, path="p", locator="row 1")  # fmt: skip
    assert {row["base_model_id"]: row["named_like"] for row in answer(con, "derivatives")} == {
        "copies/model-8b-bnb-4bit": "vendor/Model-8B",
        "vendor/Model-8B": None,
    }


def test_a_licence_of_the_frontier_names_the_text_that_states_it_and_what_others_state(
    con: duckdb.DuckDBPyConnection,
) -> None:
    insert(con, "core.comparable_groups", comparable_group="one", benchmark_id="mmlu", display_name="one", is_headline=False,
           match_tolerance_pct=1.0, source_url="https://example.org")  # fmt: skip
    model(con, "closed", "2024-01-01", "proprietary")
    model(con, "open", "2024-01-01", "open_weights", license_text="old-license", license_class="community")
    score(con, "closed", 80.0, comparable_group="one")
    score(con, "open", 70.0, comparable_group="one")
    said = [
        ("cards", "old-license", "o/open", "9", 1),
        ("cards_again", "old-license", "o/open", "1", 2),  # read later: a commit's name is no order
        ("table", "apache-2.0", "t", "2", 1),
        ("other", "other", "u", "3", 1),
    ]
    for source, text, repo, commit, day in said:
        insert(con, "core.model_aliases", source_id=source, source_name="open", model_id="open", method="hub_id")
        insert(con, "history.models", source_id=source, source_name="open", precision="n/a", license_text=text,
               repo_type="model", repo_id=repo, revision=commit * 40, path="README.md", blob_id="b", locator="l", load_id=1,
               valid_from=datetime(2026, 1, day))  # fmt: skip
    [row] = answer(con, "frontier_licenses")
    assert (row["license"], row["stated_in"], row["also_stated"]) == (
        "old-license",
        "o/open@111111111111 README.md",
        "apache-2.0",
    )


def test_contents_count_what_there_is_by_kind(con: duckdb.DuckDBPyConnection) -> None:
    for name, population in (("a", "official"), ("b", "official"), ("c", "merge")):
        model(con, name, None, "open_weights", population=population)
    score(con, "a", 50.0)
    score(con, "a", 51.0, run_id="2")
    nothing = dict.fromkeys(
        ("api_calls", "file_calls", "files_changed", "files_gone", "bytes_fetched", "source_rows", "rows_stored",
         "rows_quarantined", "rows_added", "rows_closed"), 0)  # fmt: skip
    for source, rows_in in (("arena", 5), ("bigcode", 0)):
        for load_id in (1, 2):
            insert(con, "ops.load_sources", load_id=load_id, source_id=source, state="loaded",
                   rows_in=rows_in if load_id == 1 else 0, **nothing)  # fmt: skip
    insert(con, "ops.load_sources", load_id=1, source_id="policy", state="loaded", rows_in=0, **nothing)
    rows = answer(con, "contents")
    [(n,)] = con.execute("select count(*) from core.sources").fetchall()
    counted = {(row["what"], row["kind"]): (row["n"], row["n_of_all_kinds"]) for row in rows}
    assert counted[("models", "official")] == (2, 3)
    assert counted[("models with a score, by population", "official")] == (1, 1)
    assert counted[("scores", "reference")] == (2, 2)
    assert (counted[("sources", "with records")], counted[("sources", "without any")]) == ((1, n), (n - 1, n))


def test_two_groups_are_correlated_over_the_official_models_in_both_if_there_are_thirty(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for number in range(31):
        name = f"m-{number:02}"
        model(con, name, "2024-01-01", "open_weights", population="flagged" if number == 30 else "official")
        score(con, name, 2.0 * number, comparable_group="one")
        # Ranks alone count, so a curve is as good as a line; the flagged model would break it.
        score(con, name, 0.0 if number == 30 else number**1.1, comparable_group="two", benchmark_id="other")
        if number < 29:
            score(con, name, 2.0 * number, comparable_group="three")
    [row] = answer(con, "benchmark_correlations")
    assert (row["comparable_group"], row["other_group"], row["is_one_benchmark"]) == ("one", "two", False)
    assert (row["n_models"], row["rank_correlation"]) == (30, 1.0)


def test_equal_scores_share_the_middle_of_their_ranks_in_a_correlation_and_scores_that_are_all_equal_have_none(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for number in range(60):
        name = f"m-{number:02}"
        model(con, name, "2024-01-01", "open_weights")
        score(con, name, number // 2, comparable_group="fine")  # every two models have the same scores everywhere
        for group in ("coarse", "rough"):
            score(con, name, max(number // 2, 20), comparable_group=group, benchmark_id="other")
        score(con, name, 50.0, comparable_group="same")
    rows = {(row["comparable_group"], row["other_group"]): row for row in answer(con, "benchmark_correlations")}
    # By hand: 42 of the 60 share one score, and two each other: the root of (215,940 - 74,046 - 9 * 6) / (215,940 - 30 * 6).
    for pair in (("coarse", "fine"), ("fine", "rough")):
        assert (rows[pair]["n_models"], rows[pair]["rank_correlation"]) == (60, 0.81)
    told = rows["fine", "same"]
    assert (told["n_models"], told["rank_correlation"], told["lo"], told["hi"]) == (60, None, None, None)


def test_a_score_far_above_what_the_other_five_predict_comes_first_with_what_is_known_of_its_model(
    con: duckdb.DuckDBPyConnection,
) -> None:
    groups = ["mmlu_pro", "bbh", "musr", "math_lvl5", "gpqa", "ifeval"]
    for number in range(20):
        name = f"m-{number:02}"
        model(con, name, "2024-01-01", "open_weights", is_flagged=number == 7)
        for group in groups[: 5 if number == 19 else 6]:
            trick = 30.0 if (number, group) == (7, "mmlu_pro") else 0.0
            score(con, name, 20 + number + trick, comparable_group=f"{group}_measured", variant_id=f"{group}_olb_v2")
    score(con, "m-00", 99.0, comparable_group="elsewhere")
    rows = answer(con, "outliers")
    first = next(row for row in rows if row["comparable_group"] == "mmlu_pro_measured")
    assert (first["model"], first["is_flagged"], first["score_pct"], first["n_models"]) == ("m-07", True, 57.0, 19)
    assert first["above_pct"] > 25 and first["deviations"] > 3
    assert {row["model"] for row in rows if row["comparable_group"] == "mmlu_pro_measured"} == {"m-07"}


def test_each_flagged_model_is_one_row_and_every_row_says_how_many_there_are(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "official", "2024-01-01", "open_weights")
    model(con, "trick", "2024-01-01", "open_weights", population="flagged", is_flagged=True)
    model(con, "unscored", None, "open_weights", population="flagged", is_flagged=True)
    for group, best, pct in (("one", 70.0, 60.0), ("two", 50.0, 80.0)):
        score(con, "official", best, comparable_group=group)
        score(con, "trick", pct, comparable_group=group)
    rows = answer(con, "flagged")
    assert [
        (row["model_id"], row["n_scores"], row["n_above_best"], row["furthest_in"], row["above_pct"]) for row in rows
    ] == [
        ("trick", 2, 1, "two", 30.0),
        ("unscored", 0, 0, None, None),
    ]
    assert {row["n_flagged"] for row in rows} == {2}


def test_ifeval_by_type_keeps_continued_pretraining_apart_from_pretraining(con: duckdb.DuckDBPyConnection) -> None:
    for name, model_type, pct in (("o/raw", "pretrained", 16.0), ("o/more", "continuously pretrained", 78.5)):
        score(con, name, pct, comparable_group="ifeval_measured", source_id="olb_v2_contents", source_name=name)
        insert(con, "history.models", source_id="olb_v2_contents", source_name=name, precision="bfloat16", model_type=model_type,
               repo_type="dataset", repo_id="r", revision="c" * 40, path="p", blob_id="b", locator="row 1", load_id=1,
               valid_from=datetime(2026, 1, 1))  # fmt: skip
    con.execute("update core.scores set precision = 'bfloat16'")
    rows = answer(con, "chat_template_ifeval")
    assert {row["model_type"]: row["best_model"] for row in rows} == {
        "all types": "o/more",
        "continuously pretrained": "o/more",
        "pretrained": "o/raw",
    }


def test_what_a_chat_template_adds_is_told_of_names_that_were_run_both_ways(con: duckdb.DuckDBPyConnection) -> None:
    runs = [("o/both", 20.0, False), ("o/both", 50.0, True), ("o/worse", 40.0, False), ("o/worse", 30.0, True),
            ("o/with", 90.0, True), ("o/without", 10.0, False)]  # fmt: skip
    for number, (name, pct, has_template) in enumerate(runs):
        score(con, name, pct, comparable_group="ifeval_measured", source_id="olb_v2_contents", source_name=name,
              run_id=str(number), has_chat_template=has_template)  # fmt: skip
    rows = {(row["model_type"], row["has_chat_template"]): row for row in answer(con, "chat_template_ifeval")}
    told = rows["all types", True]
    assert (told["n_models"], told["n_both_ways"], told["n_better_with"], told["added_median_pct"]) == (3, 2, 1, 10.0)
    assert rows["all types", False]["n_both_ways"] is None


def test_a_restated_score_says_its_largest_change_and_one_without_a_successor_is_withdrawn(
    con: duckdb.DuckDBPyConnection,
) -> None:
    def stated(name: str, raw: float, first: int, last: int | None = None, **facts: object) -> None:
        insert(con, "history.scores", source_name=name, score_raw=raw, load_id=first, closed_load_id=last,
               valid_from=datetime(2026, 1, first), valid_to=last and datetime(2026, 1, last),
               **{"source_id": "s", "variant_id": "mmlu_olb_v1", "precision": "n/a", "setting": "n/a", "run_id": "n/a",
                  "score_unit": "percent", "reported_by": "reference", "repo_type": "dataset", "repo_id": "r",
                  "revision": "c" * 40, "path": "p", "blob_id": "b", "locator": "row 1"} | facts)  # fmt: skip

    stated("a", 50.0, 1, 2)
    stated("a", 53.0, 2, 3)
    stated("a", 51.0, 3)
    stated("a", 10.0, 2, has_chat_template=True)  # another score, and no successor
    for name in ("b", "c"):  # as far as a's first step: of equal ones the last by name
        stated(name, 60.0, 1, 2)
        stated(name, 63.0, 2)
    stated("back", 70.0, 1, 2)
    stated("back", 75.0, 3)  # not in between, so not restated, and not withdrawn for good
    stated("same", 80.0, 1, 2)
    stated("same", 80.0, 2)
    stated("gone", 90.0, 1, 2, source_id="emptied")
    stated("stands", 90.0, 1, source_id="quiet")
    assert [tuple(row.values()) for row in answer(con, "rescored")] == [
        ("s", 6, 4, 0, "c, mmlu_olb_v1: 60, now 63"),
        ("emptied", 0, 0, 1, None),
        ("quiet", 1, 0, 0, None),
    ]
