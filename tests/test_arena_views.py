"""The Arena's gap on boards of a few models, worked by hand: points, win share, lag, and days without a publication."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest
from test_views import insert, model

from leaderboard_etl.policy import read_policy

SERIES = read_policy().frame("rating_series")


@pytest.fixture
def con(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    empty.register("series", SERIES)
    empty.execute("insert into core.rating_series select * from series")
    model(empty, "open/a", "2026-02-11", "open_weights")
    model(empty, "closed/old", "2025-11-18", "proprietary")
    model(empty, "closed/new", "2026-02-05", "proprietary")
    return empty


def rate(con: duckdb.DuckDBPyConnection, day: str, **ratings: float | tuple[float, float, float]) -> None:
    """Ratings of a day by model, with or without an interval; a name that is no model above is one without a date."""
    sides = {
        "open_a": ("open/a", "open_weights"),
        "old": ("closed/old", "proprietary"),
        "new": ("closed/new", "proprietary"),
    }
    on = date.fromisoformat(day)
    series = SERIES.filter(SERIES["starts_on"] <= on).sort("starts_on")["series"][-1]
    for name, rating in ratings.items():
        model_id, openness = sides.get(name, (name, "proprietary"))
        middle, lower, upper = rating if isinstance(rating, tuple) else (rating, None, None)
        if not con.execute("select 1 from core.models where model_id = ?", [model_id]).fetchall():
            model(con, model_id, None, "unknown")
        insert(con, "core.ratings", source_id="s", board="text", series=series, published_on=on, source_name=name,
               model_id=model_id, setting="n/a", rating=middle, rating_lower=lower, rating_upper=upper, openness=openness,
               repo_id="r", revision="c", path="p", blob_id="b", locator="row 0", load_id=1)  # fmt: skip


def gap(con: duckdb.DuckDBPyConnection, *columns: str) -> list[tuple[Any, ...]]:
    return con.execute(f"select {', '.join(columns)} from mart.arena_gap order by day").fetchall()


def test_a_difference_of_a_scale_is_odds_of_ten_to_one_and_the_intervals_add_as_squares(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rate(con, "2026-03-31", open_a=(1000.0, 997.0, 1003.0), new=(1400.0, 1396.0, 1404.0))
    ends = "gap_rating_lower", "gap_rating_upper", "is_clear", "leader"
    assert gap(con, "gap_rating", *ends) == [(400.0, 395.0, 405.0, True, "proprietary")]
    ((share, lower, upper),) = gap(con, *(f"open_win_share{end}_pct" for end in ("", "_lower", "_upper")))
    assert share == pytest.approx(100 / 11)
    assert lower == pytest.approx(100 / (1 + 10 ** (405 / 400))) and lower < share < upper


def test_equal_ratings_are_level_and_no_interval_says_nothing_of_the_gap(con: duckdb.DuckDBPyConnection) -> None:
    rate(con, "2026-03-31", open_a=1400.0, new=1400.0)
    assert gap(con, "leader", "open_win_share_pct", "is_clear", "gap_rating_lower") == [("level", 50.0, None, None)]


def test_the_lag_grows_by_a_day_a_day_from_the_first_proprietary_model_as_good(con: duckdb.DuckDBPyConnection) -> None:
    rate(con, "2026-03-29", open_a=1456.0, old=1486.0, new=1500.0)
    rate(con, "2026-03-31", open_a=1456.0, old=1440.0, new=1500.0)
    told = "day", "published_on", "lag_days", "closed_model_id", "open_after_closed_days", "is_lag_at_least"
    days = [date(2026, 3, day) for day in (29, 30, 31)]
    assert gap(con, *told) == [
        (days[0], days[0], 131, "closed/old", 85, False),
        (days[1], days[0], 132, "closed/old", 85, False),
        (days[2], days[2], 54, "closed/new", 6, False),
    ]


def test_a_proprietary_model_that_is_no_longer_listed_counts_by_its_newest_rating(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rate(con, "2026-03-30", open_a=1456.0, old=1486.0, new=1500.0)
    rate(con, "2026-03-31", open_a=1456.0, new=1500.0)
    assert gap(con, "closed_model_id", "n_proprietary") == [("closed/old", 2), ("closed/old", 1)]
    listed = con.execute(
        "select model_id, is_listed, last_rated_on from mart.arena_models where openness = 'proprietary'"
    )
    assert sorted(listed.fetchall()) == [
        ("closed/new", True, date(2026, 3, 31)),
        ("closed/old", False, date(2026, 3, 30)),
    ]


def test_where_open_leads_the_lag_is_zero(con: duckdb.DuckDBPyConnection) -> None:
    rate(con, "2026-03-31", open_a=1510.0, new=1500.0)
    assert gap(con, "leader", "lag_days", "closed_model_id") == [("open_weights", 0, None)]


def test_a_model_as_good_without_a_date_makes_the_lag_a_least_one(con: duckdb.DuckDBPyConnection) -> None:
    rate(con, "2026-03-30", open_a=1456.0, undated=1460.0)
    rate(con, "2026-03-31", open_a=1456.0, undated=1460.0, new=1500.0)
    assert gap(con, "lag_days", "is_lag_at_least") == [(None, True), (54, True)]


def test_the_first_rating_dates_a_model_unless_it_is_of_the_first_day_of_the_data(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rate(con, "2026-03-30", open_a=1456.0, undated=1400.0)
    rate(con, "2026-03-31", open_a=1456.0, undated=1400.0, late=1470.0)
    known = con.execute(
        "select model_id, first_on, first_on_method from mart.arena_models order by model_id"
    ).fetchall()
    assert known == [
        ("late", date(2026, 3, 31), "first_rating"),
        ("open/a", date(2026, 2, 11), "release"),
        ("undated", None, None),
    ]


def test_ratings_of_another_series_are_not_compared(con: duckdb.DuckDBPyConnection) -> None:
    rate(con, "2025-05-11", open_a=1300.0, old=1486.0)
    rate(con, "2025-05-19", open_a=1400.0, new=1500.0)
    told = gap(con, "series", "day", "closed_model_id")
    assert told[0] == ("bradley_terry", date(2025, 5, 11), "closed/old")
    assert told[-1] == ("style_control_default", date(2025, 5, 19), "closed/new")


def test_a_name_without_a_known_side_is_counted_and_leads_neither(con: duckdb.DuckDBPyConnection) -> None:
    rate(con, "2026-03-31", open_a=1456.0, new=1500.0, riddle=1600.0)
    con.execute("update core.ratings set openness = 'unknown' where source_name = 'riddle'")
    assert gap(con, "gap_rating", "n_unknown", "n_open", "n_proprietary") == [(44.0, 1, 1, 1)]


def test_a_day_with_one_side_only_has_no_gap(con: duckdb.DuckDBPyConnection) -> None:
    rate(con, "2026-03-31", new=1500.0)
    assert gap(con, "day") == []
    assert con.execute("select openness, rating from mart.arena_frontier").fetchall() == [("proprietary", 1500.0)]


def test_ratings_stand_in_no_table_of_scores(con: duckdb.DuckDBPyConnection) -> None:
    rate(con, "2026-03-31", open_a=1456.0, new=1500.0)
    for table in ("core.scores", "mart.model_scaling", "mart.gap_daily"):
        assert con.execute(f"select count(*) from {table}").fetchall() == [(0,)]
