"""Relative density against our own curve, its frontier, and the smallest model that reaches a score."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from leaderboard_etl.analysis.density import capability_density, density_frontier, size_to_reach
from leaderboard_etl.analysis.readable import Readable

POINTS: dict[str, Any] = {
    **dict.fromkeys(
        ("model_id", "model", "family", "organization", "openness", "benchmark", "comparable_group"), pl.String
    ),
    **dict.fromkeys(("score_pct", "score_norm_pct", "params_b", "params_active_b"), pl.Float64),
    "released_on": pl.Date,
}

RULE = Readable(least_families=8, least_r2=0.25)


def points(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {"model": "M", "family": "f", "openness": "open_weights", "benchmark": "b", "comparable_group": "g"}
    return pl.DataFrame([usual | {"released_on": date(2024, 1, 1)} | row for row in rows], schema=POINTS)


def curve(form: str = "total", slope_lo: float | None = 1.0, **other: Any) -> dict[str, Any]:
    """Log-odds 0 at 10 billion and ln 9 more per factor of ten (norm 50 at 10 billion, 90 at 100), with sizes from 1 to
    100."""
    slope = 2.1972245773362196
    usual = {
        "comparable_group": "g", "openness": "open_weights", "era": "all", "form": form, "slope": slope,
        "intercept": -slope, "slope_lo": slope_lo, "min_params_b": 1.0, "max_params_b": 100.0, "refusal_reason": None,
        "n_families": 8, "r2": 0.9,
    }  # fmt: skip
    return usual | other


def fits(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides={"refusal_reason": pl.String, "slope_lo": pl.Float64})


def one(row: dict[str, Any], *curves: dict[str, Any]) -> dict[str, Any]:
    found = capability_density(points({"model_id": "m"} | row), fits(*(curves or (curve(),))), RULE)
    return found.row(0, named=True)


def test_density_is_the_size_on_the_curve_over_the_models_own() -> None:
    row = one({"score_norm_pct": 50, "params_b": 5})
    assert row["equivalent_params_b"] == pytest.approx(10)
    assert row["relative_density"] == pytest.approx(2)
    assert (row["form"], row["reason"]) == ("total", None)


def test_active_parameters_come_first_and_total_ones_where_that_fit_is_refused_or_flat() -> None:
    sizes = {"score_norm_pct": 50, "params_b": 20, "params_active_b": 2}
    assert one(sizes, curve("total"), curve("active"))["relative_density"] == pytest.approx(5)
    refused = curve("active", slope=None, intercept=None, slope_lo=None, refusal_reason="too few")
    assert one(sizes, curve("total"), refused)["relative_density"] == pytest.approx(0.5)
    for off in ({"slope_lo": -0.1}, {"r2": 0.2}, {"n_families": 7}):
        assert one(sizes, curve("total"), curve("active", **off))["form"] == "total"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"score_norm_pct": 92, "params_b": 5}, "score above the curve at the largest size seen"),
        ({"score_norm_pct": 9, "params_b": 5}, "score below the curve at the smallest size seen"),
        ({"score_norm_pct": 0, "params_b": 5}, "score too near guessing or ceiling"),
        ({"score_norm_pct": 50, "params_b": None}, "total size unknown"),
        ({"score_norm_pct": None, "params_b": 5}, "no baseline-corrected score"),
        ({"score_norm_pct": 50, "params_b": 5, "comparable_group": "other"}, "no line of dense open models"),
    ],
)
def test_a_score_off_the_curve_gives_null_with_a_reason(row: dict[str, Any], reason: str) -> None:
    found = one(row)
    assert found["reason"].startswith(reason)
    assert (found["equivalent_params_b"], found["relative_density"]) == (None, None)


def test_only_open_weights_have_a_density() -> None:
    rows = points({"model_id": "m", "openness": "proprietary", "score_norm_pct": 50, "params_b": 5})
    assert capability_density(rows, fits(curve()), RULE).is_empty()


def densities(*rows: tuple[int, float, str]) -> pl.DataFrame:
    """Rows from (days after 1 January 2024, density, family)."""
    return pl.DataFrame(
        {
            "model_id": [f"m{i}" for i in range(len(rows))],
            "family": [family for _, _, family in rows],
            "comparable_group": "g",
            "benchmark": "b",
            "form": "active",
            "released_on": [date(2024, 1, 1) + timedelta(days=day) for day, _, _ in rows],
            "relative_density": [density for _, density, _ in rows],
        }
    )


DOUBLING = [(100 * i, 2.0**i, f"f{i}") for i in range(6)]


def test_a_frontier_that_doubles_every_hundred_days_says_so() -> None:
    behind = [(100 * i + 50, 1.5**i / 4, f"f{i}") for i in range(6)]
    row = density_frontier(densities(*DOUBLING, *behind), draws=100, seed=1).row(0, named=True)
    assert row["doubling_days"] == pytest.approx(100)
    assert row["doubling_days_lo"] <= 100 <= row["doubling_days_hi"]
    assert (row["n"], row["n_points"], row["n_families"], row["refusal_reason"]) == (6, 12, 6, None)
    assert (row["first_on"], row["last_on"]) == (date(2024, 1, 1), date(2025, 5, 15))


def test_models_from_before_2023_set_no_record() -> None:
    """Otherwise a model of 2022 that scored near guessing and was dense by chance would hide all later growth."""
    row = density_frontier(densities((-366, 100.0, "old"), *DOUBLING), draws=20, seed=1).row(0, named=True)
    assert (row["n"], row["n_points"], row["doubling_days"]) == (6, 6, pytest.approx(100))


def test_a_day_sets_at_most_one_record() -> None:
    same_day = [(0, 0.5, "a"), (0, 0.25, "b"), (0, 1.0, "c")]
    row = density_frontier(densities(*same_day, *DOUBLING), draws=20, seed=1).row(0, named=True)
    assert row["n"] == 6


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (DOUBLING[:3], "3 records, 4 are needed"),
        ([(day, value, "f") for day, value, _ in DOUBLING], "1 families, 4 are needed"),
        ([(0, None, "f")], "no model dated since 2023-01-01 has a density"),
    ],
)
def test_too_short_a_frontier_is_refused(rows: list[Any], reason: str) -> None:
    row = density_frontier(densities(*rows), draws=20, seed=1).row(0, named=True)
    assert row["refusal_reason"] == reason
    assert row["doubling_days"] is None


def test_growth_that_depends_on_one_family_has_no_upper_bound() -> None:
    """Without family a, the first model is never beaten: in over a third of the draws there is no growth."""
    later = [(100 * i, 4.0 + i, "a") for i in range(1, 5)]
    rows = [(0, 2.0, f"f{i}") for i in range(6)]
    row = density_frontier(densities(*rows, *later), draws=200, seed=1).row(0, named=True)
    assert row["doubling_days"] is not None
    assert row["doubling_days_lo"] is not None
    assert row["doubling_days_hi"] is None


@settings(max_examples=15)
@given(order=st.permutations(range(12)))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    table = densities(*DOUBLING, *((day, value * 0.9, family) for day, value, family in DOUBLING))
    expected = density_frontier(table, draws=30, seed=1)
    assert_frame_equal(density_frontier(table[order], draws=30, seed=1), expected, check_exact=True)


def reach(*rows: tuple[str, str, float | None, float]) -> list[tuple[Any, ...]]:
    """Rows from (id, ISO date, size, score) for the threshold 50."""
    made = [
        {"model_id": name, "released_on": date.fromisoformat(day), "params_b": size, "score_pct": score}
        for name, day, size, score in rows
    ]
    return size_to_reach(points(*made), [50]).select("reached_on", "params_b", "model_id").rows()


def test_size_to_reach_has_one_row_per_month_in_which_the_smallest_falls() -> None:
    assert reach(
        ("large", "2023-02-20", 70, 50.0),
        ("larger", "2023-02-01", 90, 80.0),
        ("not_smaller", "2023-05-01", 70, 90.0),
        ("missed", "2023-06-01", 1, 49.9),
        ("small", "2023-09-09", 7, 60.0),
        ("unsized", "2023-10-01", None, 60.0),
    ) == [(date(2023, 2, 1), 70.0, "large"), (date(2023, 9, 1), 7.0, "small")]


def test_of_equal_sizes_in_a_month_the_earlier_model_is_named() -> None:
    assert reach(("a", "2023-02-20", 7, 60.0), ("b", "2023-02-10", 7, 55.0)) == [(date(2023, 2, 1), 7.0, "b")]


def test_each_threshold_is_followed_on_its_own() -> None:
    rows = points(
        {"model_id": "a", "params_b": 7, "score_pct": 65},
        {"model_id": "b", "params_b": 70, "score_pct": 85, "released_on": date(2024, 3, 1)},
        {"model_id": "closed", "params_b": 1, "score_pct": 99, "openness": "proprietary"},
    )
    found = {row["score_threshold_pct"]: row["model_id"] for row in size_to_reach(rows).iter_rows(named=True)}
    assert found == {20: "a", 30: "a", 40: "a", 50: "a", 60: "a", 70: "b", 80: "b"}
