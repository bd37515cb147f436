"""The marts on a world of a few models, computed by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from leaderboard_etl.commands.evidence import QUERIES, evidence_rows
from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.policy import read_policy
from leaderboard_etl.warehouse.core import insert_descriptions, insert_rules

GROUP = "mmlu_reported"


@pytest.fixture
def con(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    insert_descriptions(empty)
    insert_rules(empty, read_policy())
    benchmarks = read_policy().benchmarks
    empty.register("benchmarks", benchmarks)
    empty.execute("insert into core.benchmarks select * from benchmarks")
    insert(empty, "core.comparable_groups", comparable_group=GROUP, benchmark_id="mmlu", display_name="MMLU", is_headline=True,
           observed_through_open_on=date(2023, 6, 30), observed_through_proprietary_on=date(2023, 8, 31),
           match_tolerance_pct=1.0, source_url="https://example.org")  # fmt: skip
    return empty


def insert(con: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    names = [column.name for column in tables()[table].columns]
    unknown = set(values) - set(names)
    assert not unknown, unknown
    con.execute(f"insert into {table} values ({', '.join('?' * len(names))})", [values.get(name) for name in names])


def model(con: duckdb.DuckDBPyConnection, model_id: str, released: str | None, openness: str, **facts: Any) -> None:
    defaults: dict[str, Any] = {
        "display_name": model_id,
        "organization": "o",
        "license_class": "unknown",
        "is_official": True,
        "population": "official",
        "released_on": date.fromisoformat(released) if released else None,
    }
    insert(con, "core.models", model_id=model_id, openness=openness, **(defaults | facts))


def score(con: duckdb.DuckDBPyConnection, model_id: str, pct: float, **facts: Any) -> None:
    defaults: dict[str, Any] = {
        "benchmark_id": "mmlu",
        "variant_id": "mmlu_reported",
        "comparable_group": GROUP,
        "score_raw": pct,
        "score_unit": "percent",
        "score_pct": pct,
        "norm_method": "none",
        "precision": "unknown",
        "setting": "n/a",
        "run_id": "n/a",
        "reported_by": "reference",
        "is_corrected": False,
        "source_id": "reference",
        "source_name": model_id,
        "repo_id": "r",
        "revision": "c" * 40,
        "path": "p",
        "blob_id": "b",
        "locator": "line 1",
        "load_id": 1,
    }
    insert(con, "core.scores", model_id=model_id, **(defaults | facts))


def scored_models(con: duckdb.DuckDBPyConnection, *rows: tuple[str, str | None, str, str, float]) -> None:
    """Adds models with one score each: model_id, released_on, openness, population, score_pct."""
    for model_id, released_on, openness, population, score_pct in rows:
        model(con, model_id, released_on, openness, population=population)
        score(con, model_id, score_pct)


@pytest.fixture
def gap(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Closed leads with 60, then 80; open has 50, then 70; two further models do not count."""
    scored_models(
        con,
        ("closed-1", "2023-01-10", "proprietary", "official", 60.0),
        ("closed-2", "2023-03-10", "proprietary", "official", 80.0),
        ("closed-worse", "2023-04-10", "proprietary", "official", 75.0),
        ("open-1", "2023-02-10", "open_weights", "official", 50.0),
        ("open-2", "2023-05-10", "open_weights", "official", 70.0),
        ("open-contaminated", "2023-02-11", "open_weights", "flagged", 99.0),
        ("open-too-late", "2023-07-10", "open_weights", "official", 90.0),
        ("open-undated", None, "open_weights", "official", 95.0),
    )
    return con


def test_the_frontier_holds_strict_bests_of_official_models_in_what_could_be_observed(
    gap: duckdb.DuckDBPyConnection,
) -> None:
    rows = gap.execute("select openness, reached_on, model_id, score_pct, surpassed_on, n_models from mart.gap_frontier"
                       " where population = 'official' order by openness, reached_on").fetchall()  # fmt: skip
    assert rows == [
        ("open_weights", date(2023, 2, 10), "open-1", 50.0, date(2023, 5, 10), 1),
        ("open_weights", date(2023, 5, 10), "open-2", 70.0, None, 2),
        ("proprietary", date(2023, 1, 10), "closed-1", 60.0, date(2023, 3, 10), 1),
        ("proprietary", date(2023, 3, 10), "closed-2", 80.0, None, 2),
    ]


def test_a_model_that_is_no_language_model_is_in_no_population_and_no_count(gap: duckdb.DuckDBPyConnection) -> None:
    before = gap.execute("select number_id, value from mart.article_numbers where number_id like 'counts.%'").fetchall()
    model(gap, "painter", "2023-01-10", "proprietary", population="not_language")
    assert gap.execute("from mart.populations where model_id = 'painter'").fetchall() == []
    assert (
        before
        == gap.execute("select number_id, value from mart.article_numbers where number_id like 'counts.%'").fetchall()
    )


def test_two_records_on_one_day_are_one_step(con: duckdb.DuckDBPyConnection) -> None:
    for model_id, pct in [("b", 60.0), ("a", 60.0), ("c", 55.0)]:
        model(con, model_id, "2023-01-10", "open_weights")
        score(con, model_id, pct)
    rows = con.execute("select model_id from mart.gap_frontier where population = 'official'").fetchall()
    assert rows == [("a",)]


def test_the_monthly_gap_runs_from_both_sides_first_month_to_the_last_in_which_both_had_a_new_model(
    gap: duckdb.DuckDBPyConnection,
) -> None:
    rows = gap.execute("select month, open_pct, proprietary_pct, gap_pct, n_open, n_proprietary from mart.gap_monthly"
                       " where population = 'official' order by month").fetchall()  # fmt: skip
    assert rows == [
        (date(2023, 2, 1), 50.0, 60.0, 10.0, 1, 1),
        (date(2023, 3, 1), 50.0, 80.0, 30.0, 1, 2),
        (date(2023, 4, 1), 50.0, 80.0, 30.0, 1, 3),
    ]
    # Open came again in May, after the last proprietary model of April: that is not held against it.
    sides = "select compared_on, open_newest_model_id, proprietary_newest_model_id, is_alive_together, observed_through_open_on"
    assert gap.execute(f"{sides} from mart.gap_sides where population = 'official'").fetchall() == [
        (date(2023, 4, 10), "open-2", "closed-worse", True, date(2023, 6, 30))
    ]


def test_the_gap_in_log_odds_is_that_of_the_two_scores(gap: duckdb.DuckDBPyConnection) -> None:
    # The logarithm of 4 less that of 1.
    row = gap.execute("select gap_log_odds from mart.gap_monthly where population = 'official'"
                      " and month = date '2023-04-01'").fetchall()  # fmt: skip
    assert row[0][0] == pytest.approx(1.386294, abs=1e-6)


def test_every_day_has_a_leader_and_the_first_day_of_its_lead(con: duckdb.DuckDBPyConnection) -> None:
    # Closed leads by 10 from the day both exist, open overtakes by 5, closed draws level and then leads again by 5.
    for model_id, released, openness, pct in [
        ("closed-1", "2023-01-10", "proprietary", 60.0),
        ("open-1", "2023-01-12", "open_weights", 50.0),
        ("open-2", "2023-01-14", "open_weights", 65.0),
        ("closed-2", "2023-01-16", "proprietary", 65.0),
        ("closed-3", "2023-01-17", "proprietary", 70.0),
        ("open-3", "2023-01-18", "open_weights", 60.0),
        ("closed-4", "2023-01-18", "proprietary", 60.0),
    ]:
        model(con, model_id, released, openness)
        score(con, model_id, pct)
    rows = con.execute("select day, leader, leads_since_on, gap_pct, n_open, n_proprietary from mart.gap_daily"
                       " where population = 'official' order by day limit 7").fetchall()  # fmt: skip
    day = {n: date(2023, 1, n) for n in range(12, 19)}
    assert rows == [
        (day[12], "proprietary", day[12], 10.0, 1, 1),
        (day[13], "proprietary", day[12], 10.0, 1, 1),
        (day[14], "open_weights", day[14], -5.0, 2, 1),
        (day[15], "open_weights", day[14], -5.0, 2, 1),
        (day[16], "level", day[16], 0.0, 2, 2),
        (day[17], "proprietary", day[17], 5.0, 2, 3),
        (day[18], "proprietary", day[17], 5.0, 3, 4),
    ]


def test_each_population_sets_its_own_open_models_against_the_official_proprietary_ones(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for model_id, openness, pct, population, tuning in [
        ("closed", "proprietary", 80.0, "official", "instruct"),
        ("closed-base", "proprietary", 60.0, "official", "base"),
        ("base", "open_weights", 50.0, "official", "base"),
        ("chat", "open_weights", 70.0, "official", "instruct"),
        ("tune", "open_weights", 75.0, "fine_tune", "instruct"),
        ("merge", "open_weights", 77.0, "merge", None),
        ("contaminated", "open_weights", 99.0, "flagged", None),
    ]:
        model(con, model_id, "2023-05-10", openness, population=population, tuning=tuning)
        score(con, model_id, pct)
    rows = con.execute("select population, open_model_id, proprietary_model_id, gap_pct, open_tuning, n_open, n_proprietary"
                       " from mart.gap_monthly where month = date '2023-05-01' order by population").fetchall()  # fmt: skip
    assert rows == [
        ("all", "contaminated", "closed", -19.0, None, 5, 2),
        ("fine_tune", "tune", "closed", 5.0, "instruct", 1, 2),
        ("flagged", "contaminated", "closed", -19.0, None, 1, 2),
        ("merge", "merge", "closed", 3.0, None, 1, 2),
        ("official", "chat", "closed", 10.0, "instruct", 2, 2),
        ("official_base", "base", "closed-base", 10.0, "base", 1, 1),
        ("unflagged", "merge", "closed", 3.0, None, 4, 2),
    ]


def test_a_frontier_has_a_band_of_the_least_and_the_greatest_score_of_each_model(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for day, model_id, openness, scores in (
        ("2023-01-01", "closed", "proprietary", (70, 80)),
        ("2023-02-01", "open", "open_weights", (60, 66)),
        ("2023-03-01", "worse", "open_weights", (50, 60)),
        ("2023-04-01", "better", "open_weights", (62,)),
        ("2023-05-01", "late", "proprietary", (90,)),
    ):
        model(con, model_id, day, openness)
        for pct in scores:
            score(con, model_id, pct, run_id=str(pct))
    rows = con.execute(
        "select openness, day::varchar, lo_pct, hi_pct, ends_on::varchar from mart.gap_bands where population = 'official'"
        " order by all"
    ).fetchall()
    assert rows == [
        ("open_weights", "2023-02-01", 60.0, 66.0, "2023-04-01"),
        ("open_weights", "2023-04-01", 62.0, 66.0, "2023-04-01"),
        ("proprietary", "2023-01-01", 70.0, 80.0, "2023-04-01"),
    ]


def test_the_band_of_a_population_ends_on_its_own_day_and_a_group_without_both_sides_has_none(
    con: duckdb.DuckDBPyConnection,
) -> None:
    scored_models(
        con,
        ("closed", "2023-01-01", "proprietary", "official", 70.0),
        ("open", "2023-02-01", "open_weights", "official", 60.0),
        ("between", "2023-02-15", "proprietary", "official", 72.0),
        ("tune", "2023-03-01", "open_weights", "fine_tune", 65.0),
        ("closed-2", "2023-04-01", "proprietary", "official", 75.0),
    )
    score(con, "open", 40.0, comparable_group="gpqa_diamond_epoch", variant_id="gpqa_diamond_epoch")
    rows = con.execute(
        "select population, openness, day::varchar, hi_pct, ends_on::varchar from mart.gap_bands"
        " where population in ('official', 'fine_tune', 'unflagged') order by all"
    ).fetchall()
    assert rows == [
        ("fine_tune", "open_weights", "2023-03-01", 65.0, "2023-03-01"),
        ("fine_tune", "proprietary", "2023-01-01", 70.0, "2023-02-15"),
        ("fine_tune", "proprietary", "2023-02-15", 72.0, "2023-03-01"),
        ("official", "open_weights", "2023-02-01", 60.0, "2023-02-01"),
        ("official", "proprietary", "2023-01-01", 70.0, "2023-02-01"),
        ("unflagged", "open_weights", "2023-02-01", 60.0, "2023-03-01"),
        ("unflagged", "open_weights", "2023-03-01", 65.0, "2023-03-01"),
        ("unflagged", "proprietary", "2023-01-01", 70.0, "2023-02-15"),
        ("unflagged", "proprietary", "2023-02-15", 72.0, "2023-03-01"),
    ]


def test_a_month_in_which_submissions_end_is_not_a_whole_one(con: duckdb.DuckDBPyConnection) -> None:
    def submitted(day: date) -> None:
        words = dict.fromkeys(("precision", "status", "repo_id", "revision", "path", "blob_id", "locator"), "x")
        names = {"source_id": "olb_v1_contents", "source_name": str(day), "model_id": str(day)}
        insert(con, "core.submissions", leaderboard="olb_v1", kind="table_row", submitted_on=day, **words, **names)

    for day in (date(2024, 1, 10), date(2024, 2, 12), date(2024, 2, 13)):
        submitted(day)
    question = (
        "select month::varchar, last_on::varchar, is_partial from mart.community_velocity"
        " where leaderboard = 'olb_v1' and definition = 'table_rows' order by month"
    )
    assert con.execute(question).fetchall() == [("2024-01-01", "2024-01-10", False), ("2024-02-01", "2024-02-13", True)]
    submitted(date(2024, 2, 29))
    assert con.execute(question).fetchall()[-1] == ("2024-02-01", "2024-02-29", False)


def test_a_group_with_one_side_only_has_no_gap(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "open", "2023-01-10", "open_weights")
    score(con, "open", 50.0)
    assert con.execute("select * from mart.gap_monthly").fetchall() == []


def test_the_score_shown_for_a_model_follows_a_rule_and_is_not_the_greatest(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "m", "2023-01-10", "open_weights")
    score(con, "m", 99.0, run_id="a")
    score(con, "m", 70.0, variant_id="mmlu_reported_5shot", n_shot=5, run_id="b")
    score(con, "m", 71.0, variant_id="mmlu_reported_5shot", n_shot=5, run_id="c", reported_by="vendor_model_index")
    rows = con.execute("select score_pct, n_values, chosen_because from mart.model_scaling").fetchall()
    assert rows == [(70.0, 3, "of 3 by reporter (reference), then stated shots (5-shot)")]


def test_of_one_reporter_the_highest_stated_setting_speaks_and_what_others_measured_before_the_vendors_word(
    con: duckdb.DuckDBPyConnection,
) -> None:
    model(con, "m", "2023-01-10", "open_weights")
    for setting, pct, is_verified in [
        ("n/a", 66.0, True),
        ("16K", 76.8, True),
        ("64K", 79.7, True),
        ("Extended thinking (up to 128K tokens)", 84.8, False),
    ]:
        score(con, "m", pct, setting=setting, is_verified=is_verified)
        if setting != "n/a":
            budget = {"16K": 16_000, "64K": 64_000}.get(setting, 128_000)
            insert(con, "core.settings", setting=setting, effort_rank=3, budget_tokens=budget, has_tools=False)
    told = "select score_pct, setting, lo_pct, median_pct, hi_pct, n_values, chosen_because from mart.model_scaling"
    *numbers, reason = con.execute(told).fetchall()[0]
    assert numbers == [79.7, "64K", 66.0, 76.8, 84.8, 4]
    assert reason == "of 4 by who measured (measured by others), then highest setting (64K)"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"reported_by": "vendor_model_index"}, "not used: vendor_model_index comes after reference"),
        ({"reported_by": "vendor_card_table"}, "not used: no chart has what is only in a table of a card"),
        ({"is_verified": False}, "not used: the vendor measured, and of another value it did not"),
        ({"is_verified": None}, "not used: who measured is not stated, and of another it is"),
        (
            {"variant_id": "mmlu_reported", "n_shot": None},
            "not used: its number of shots is not stated, and that of another",
        ),
        ({"precision": "4bit"}, "not used: 4bit is not full precision"),
        ({"setting": "tools"}, "not used: the model had tools"),
        ({"setting": "low"}, "not used: not the highest setting"),
        ({"evaluated_on": date(2024, 1, 1)}, "not used: another evaluation is newer"),
        ({"score_pct": 99.0}, "not used: not the median of what is of equal rank"),
    ],
)
def test_explain_says_of_each_score_why_it_is_used_or_what_decided_against_it(
    con: duckdb.DuckDBPyConnection, facts: dict[str, Any], reason: str
) -> None:
    model(con, "m", "2023-01-10", "open_weights")
    insert(con, "core.settings", setting="high", effort_rank=3, budget_tokens=0, has_tools=False)
    insert(con, "core.settings", setting="low", effort_rank=1, budget_tokens=0, has_tools=False)
    insert(con, "core.settings", setting="tools", effort_rank=3, budget_tokens=0, has_tools=True)
    best: dict[str, Any] = {
        "variant_id": "mmlu_reported_5shot",
        "n_shot": 5,
        "is_verified": True,
        "precision": "bfloat16",
        "setting": "high",
        "evaluated_on": date(2025, 1, 1),
    }
    score(con, "m", 70.0, **best, locator="used")
    score(
        con, "m", **({"pct": 71.0} | best | facts | {"locator": "other", "run_id": "b"})
    )  # score_pct is that of facts
    told = evidence_rows(con, QUERIES["scores"], {"model": "m", "benchmark": None})
    because = {row["place"].rpartition(" ")[2]: row["because"] for row in told}
    assert because["other"].startswith(reason)
    is_charted = facts.get("reported_by") != "vendor_card_table"
    assert (because["used"] or "").startswith("used of 2 values by " if is_charted else "")


def test_explain_says_of_each_curated_score_whether_the_vendor_reported_it(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "m", "2023-01-10", "open_weights")
    for pct, is_verified in ((70.0, False), (71.0, True), (72.0, None)):
        score(con, "m", pct, reported_by="reference", is_verified=is_verified, run_id=str(pct))
    told = evidence_rows(con, QUERIES["scores"], {"model": "m", "benchmark": None})
    assert {row["pct"]: (row["by"], row["self_reported"]) for row in told} == {
        70.0: ("reference", "yes"),
        71.0: ("reference", "no"),
        72.0: ("reference", "not stated"),
    }


@pytest.mark.parametrize(
    ("rows", "speaks", "because"),
    [
        # The newest dated evaluation, and a dated one before those without a date.
        (
            [(90.0, "a", "2024-01-01"), (70.0, "b", "2025-01-01"), (80.0, "c", None)],
            70.0,
            "of 3 by newest evaluation (2025-01-01)",
        ),
        (
            [(90.0, "a", "2024-01-01"), (70.0, "b", "2025-01-01"), (80.0, "c", "2025-01-01")],
            70.0,
            "of 3 by newest evaluation (2025-01-01), then the median of 2",
        ),
        # Then the median, of an even number the lower one of the middle: whatever the names.
        ([(50.3, "b", None), (69.7, "a", None)], 50.3, "of 2 by the median"),
        ([(50.3, "a", None), (69.7, "b", None)], 50.3, "of 2 by the median"),
        ([(90.0, "a", None), (70.0, "b", None), (80.0, "c", None)], 80.0, "of 3 by the median"),
        ([(50.3, "a", None)], 50.3, "the only value in this group"),
    ],
)
def test_of_equals_the_newest_evaluation_speaks_then_the_median_and_never_a_name(
    con: duckdb.DuckDBPyConnection, rows: list[tuple[float, str, str | None]], speaks: float, because: str
) -> None:
    model(con, "m", "2023-01-10", "open_weights")
    for pct, run, day in rows:
        score(con, "m", pct, run_id=run, source_name=run, evaluated_on=day and date.fromisoformat(day))
    told = con.execute("select score_pct, chosen_because from mart.model_scaling").fetchall()
    assert told == [(speaks, because)]


def releases(con: duckdb.DuckDBPyConnection, openness: str, *days: date) -> None:
    for n, day in enumerate(days):
        model(con, f"{openness}-{n}", day.isoformat(), openness)
        score(con, f"{openness}-{n}", 50.0 + n)


def test_a_side_is_observed_for_the_grace_of_its_own_pace_and_no_longer(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "update core.comparable_groups set observed_through_open_on = null, observed_through_proprietary_on = null"
    )
    start = date(2024, 1, 1)
    # Open comes each ten days: the least grace. Proprietary each fifty days, once after ninety: nine of ten are fifty.
    releases(con, "open_weights", *(start + timedelta(days=10 * n) for n in range(60)))
    releases(con, "proprietary", *(start + timedelta(days=50 * n + (40 if n > 5 else 0)) for n in range(11)))
    told = (
        "select open_grace_days, proprietary_grace_days, observed_through_proprietary_on - proprietary_newest_on,"
        " is_alive_together from mart.gap_sides where population = 'official'"
    )
    assert con.execute(told).fetchall() == [(30, 50, 50, True)]
    later = start + timedelta(days=50 * 10 + 40 + 51)
    model(con, "late", later.isoformat(), "open_weights")
    score(con, "late", 99.0)
    assert con.execute(told).fetchall() == [(30, 50, 50, False)]


def test_a_vendor_that_stops_freezes_the_gap_and_one_model_a_year_later_does_not_turn_it(
    gap: duckdb.DuckDBPyConnection,
) -> None:
    gap.execute(
        "update core.comparable_groups set observed_through_open_on = null, observed_through_proprietary_on = null"
    )
    frozen = (
        "select compared_on, gap_pct from mart.gap_monthly where population = 'official' order by month desc limit 1"
    )
    before = gap.execute(frozen).fetchall()
    assert before == [(date(2023, 4, 10), 30.0)]
    for n in range(24):
        day = date(2023, 7, 10) + timedelta(days=30 * n)
        model(gap, f"open-later-{n}", day.isoformat(), "open_weights")
        score(gap, f"open-later-{n}", 90.0 + n / 4)
    alive = "select is_alive_together, proprietary_newest_model_id from mart.gap_sides where population = 'official'"
    assert gap.execute(frozen).fetchall() == before
    assert gap.execute(alive).fetchall() == [(False, "closed-worse")]
    model(gap, "closed-later", "2024-07-10", "proprietary")
    score(gap, "closed-later", 85.0)
    assert gap.execute(frozen).fetchall() == before
    assert gap.execute(alive).fetchall() == [(False, "closed-worse")]
    frontier = (
        "select max(reached_on) from mart.gap_frontier where population = 'official' and openness = 'proprietary'"
    )
    assert gap.execute(frontier).fetchall() == [(date(2023, 3, 10),)]
    # With two more the side reports again, and is compared on the day of its newest.
    for n in (1, 2):
        model(gap, f"closed-again-{n}", date(2024, 7, 10 + n).isoformat(), "proprietary")
        score(gap, f"closed-again-{n}", 99.0)
    assert gap.execute(alive).fetchall() == [(False, "closed-again-2")]
    assert gap.execute(frozen).fetchall()[0][0] == date(2024, 7, 12)


def test_full_precision_has_priority_over_quantised(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "m", "2023-01-10", "open_weights")
    score(con, "m", 60.0, precision="4bit")
    score(con, "m", 59.0, precision="bfloat16")
    assert con.execute("select score_pct from mart.model_scaling").fetchall() == [(59.0,)]


def test_a_score_from_a_cards_table_is_not_in_the_marts(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "m", "2023-01-10", "open_weights")
    score(con, "m", 60.0, reported_by="vendor_card_table")
    assert con.execute("select * from mart.model_scaling").fetchall() == []


def test_a_score_from_a_cards_table_is_available_by_name_beside_the_charted_one(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "m", "2023-01-10", "open_weights")
    score(con, "m", 60.0)
    score(con, "m", 61.5, reported_by="vendor_card_table", run_id="card table", locator="table 1")
    score(con, "m", 40.0, reported_by="vendor_card_table", comparable_group="other")
    rows = con.execute(
        "select score_pct, charted_pct, difference_pct from mart.card_table_scores order by 1"
    ).fetchall()
    assert rows == [(40.0, None, None), (61.5, 60.0, 1.5)]


def test_a_score_from_a_cards_table_is_never_the_reference_for_others(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "m", "2023-01-10", "open_weights")
    for reporter, pct in (("vendor_model_index", 60.0), ("vendor_card_table", 61.0)):
        score(con, "m", pct, reported_by=reporter, source_id="model_cards", run_id=f"a {reporter}")
    rows = con.execute("select reference_pct, score_pct from mart.source_agreement").fetchall()
    assert rows == [(60.0, 61.0)]


def test_figures_of_two_variants_in_one_group_may_differ_by_their_protocol(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "m", "2023-01-10", "open_weights")
    score(con, "m", 60.0, reported_by="reference", source_id="reference", variant_id="reported_0shot")
    score(con, "m", 63.0, reported_by="arena", source_id="arena", variant_id="arena")
    assert con.execute("select likely_cause from mart.source_agreement").fetchall() == [
        ("different or unstated protocol",)
    ]


def test_settings_that_both_sides_state_tell_whether_their_figures_are_of_one_protocol(
    con: duckdb.DuckDBPyConnection,
) -> None:
    sides: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "alike": ({"n_shot": 5}, {"n_shot": 5}),
        "shots": ({"n_shot": 5}, {"n_shot": 0}),
        "effort": ({"n_shot": 0, "setting": "high"}, {"n_shot": 0, "setting": "low"}),
        "template": ({"n_shot": 5, "has_chat_template": True}, {"n_shot": 5, "has_chat_template": False}),
        "unstated": ({"n_shot": 5}, {}),
        "effort of one": ({"n_shot": 0, "setting": "high"}, {"n_shot": 0}),
        "variant": ({"n_shot": 5}, {"n_shot": 5, "variant_id": "other"}),
        "group": ({"n_shot": 5}, {"n_shot": 5, "variant_id": "other", "comparable_group": "other"}),
    }
    for name, (first, second) in sides.items():
        model(con, name, "2023-01-10", "open_weights")
        score(con, name, 60.0, **first)
        score(con, name, 63.0, reported_by="arena", source_id="arena", **second)
    rows = con.execute(
        "select model_id, has_same_settings, differs_in, likely_cause from mart.source_agreement"
    ).fetchall()
    assert {name: tuple(values) for name, *values in rows} == {
        "alike": (True, None, "different run"),
        "shots": (False, "shots", "different shots"),
        "effort": (False, "setting", "different setting"),
        "template": (False, "chat template", "different chat template"),
        "unstated": (None, None, "different run"),
        "effort of one": (None, None, "different run"),
        "variant": (None, None, "different or unstated protocol"),
        "group": (False, "group", "different protocol"),
    }


def test_release_year_is_the_date_as_a_decimal(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "m", "2024-07-01", "open_weights")
    score(con, "m", 60.0)
    assert con.execute("select release_year from mart.model_scaling").fetchall()[0][0] == pytest.approx(
        2024 + 182 / 366
    )


@pytest.mark.parametrize(
    ("active", "cost"),
    # The article's table: 2 x active parameters per token relative to a dense 70B model; Mixtral 0.18, DeepSeek-V2 0.30,
    # Llama 3.1 405B 5.8.
    [(70e9, 1.0), (12.9e9, 0.18), (21e9, 0.30), (405e9, 5.79)],
)
def test_relative_inference_cost_is_that_of_the_active_parameters(
    con: duckdb.DuckDBPyConnection, active: float, cost: float
) -> None:
    model(con, "m", "2023-01-10", "open_weights", params_total=500_000_000_000, params_active=int(active))
    score(con, "m", 60.0)
    row = con.execute("select inference_cost_relative, mmlu_reported_pct from mart.moe_efficiency").fetchall()[0]
    assert (round(row[0], 2), row[1]) == (cost, 60.0)


def test_the_architecture_table_has_the_equivalent_dense_size_or_the_reason_why_not(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for name in ("within", "beyond"):
        model(con, name, "2024-01-10", "open_weights", params_total=100_000_000_000, params_active=10_000_000_000)
        score(con, name, 60.0)
    facts: dict[str, Any] = {"comparable_group": GROUP, "params_active_b": 10.0}
    insert(con, "mart.dense_equivalent", model_id="within", equivalent_params_b=30.0, times_active=3.0, **facts)
    insert(con, "mart.dense_equivalent", model_id="beyond", at_least_b=180.0, reason="score above the curve", **facts)
    rows = con.execute(
        "select model_id, dense_equivalent_b, times_active, dense_equivalent_note from mart.moe_efficiency order by model_id"
    ).fetchall()
    assert rows == [("beyond", None, None, "score above the curve; at least 180.0B"), ("within", 30.0, 3.0, None)]


def test_coverage_counts_what_a_scatter_cannot_show_with_the_reason(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "sized", "2023-01-10", "proprietary", params_total=10)
    model(con, "undisclosed", "2023-01-10", "proprietary")
    model(con, "unknown", None, "open_weights")
    for name in ("sized", "undisclosed", "unknown"):
        score(con, name, 60.0)
    rows = con.execute(
        "select openness, n_scored, n_with_params, n_plottable, missing from mart.coverage order by openness"
    ).fetchall()
    assert rows == [
        ("open_weights", 1, 0, 0, "1 size without usable evidence; 1 without a release date"),
        ("proprietary", 2, 1, 1, "1 size not published"),
    ]


def test_the_gap_by_capability_is_given_in_points_of_epochs_index_if_both_models_have_one(
    con: duckdb.DuckDBPyConnection,
) -> None:
    # Two logits lie between Claude 3.5 Sonnet at 130 and GPT-5 at 150: ten points to a logit.
    insert(con, "mart.capability_gap", compared_on=date(2025, 9, 30), gap_logits=0.5, gap_lo=-0.1, gap_hi=1.0)
    insert(con, "mart.capability_index", model_id="openai/gpt-5-2025-08-07", capability=3.0)
    told = "select gap_eci_points, gap_lo_eci_points, gap_hi_eci_points, refusal_reason from mart.capability_gap_eci"
    assert con.execute(told).fetchall() == [
        (None, None, None, "no points: Claude 3.5 Sonnet or GPT-5 has no capability here")
    ]
    insert(con, "mart.capability_index", model_id="anthropic/claude-3-5-sonnet-20240620", capability=1.0)
    assert con.execute(told).fetchall() == [(5.0, -1.0, 10.0, None)]


def test_each_release_shows_the_state_of_both_sides_even_without_a_new_best(
    gap: duckdb.DuckDBPyConnection,
) -> None:
    rows = gap.execute(
        "select released_on, reached_on, score_pct, holder.model_id, n_models from mart.gap_running"
        " where population = 'official' and openness = 'proprietary' order by 1"
    ).fetchall()
    first, second, worse = date(2023, 1, 10), date(2023, 3, 10), date(2023, 4, 10)
    assert rows == [
        (first, first, 60.0, "closed-1", 1),
        (second, second, 80.0, "closed-2", 2),
        (worse, second, 80.0, "closed-2", 3),
    ]
