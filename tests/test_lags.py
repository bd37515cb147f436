"""Lags computed by hand, compared with Epoch AI's own numbers, and in simulated worlds with a known lag."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from leaderboard_etl.analysis.lag_groups import read_groups
from leaderboard_etl.analysis.lag_summary import lag_summary
from leaderboard_etl.analysis.lags import daily_lags, gap_lags
from leaderboard_etl.analysis.survival import Bools, Floats, curves, medians, restricted_means
from leaderboard_etl.policy import read_policy

DAY_0 = date(2023, 1, 1)
POINTS = {
    "comparable_group": pl.String,
    "model_id": pl.String,
    "model": pl.String,
    "organization": pl.String,
    "family": pl.String,
    "openness": pl.String,
    "score_pct": pl.Float64,
    "released_on": pl.Date,
    "reported_by": pl.String,
}


def day(n: int) -> date:
    return DAY_0 + timedelta(days=n)


def point(name: str, side: str, score_pct: float, on: int | date | None, **other: Any) -> dict[str, Any]:
    released_on = day(on) if isinstance(on, int) else on
    openness = {"closed": "proprietary", "open": "open_weights"}.get(side, side)
    row = {"comparable_group": "g", "model_id": name, "model": name, "organization": f"org of {name}", "family": name}
    return {
        **row,
        "openness": openness,
        "score_pct": score_pct,
        "released_on": released_on,
        "reported_by": "x",
        **other,
    }


LATE = day(1000)


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=POINTS)


def groups(
    open_until: date | None = None,
    closed_until: date | None = None,
    tolerance_pct: float | None = None,
    compared_on: date | None = None,
) -> pl.DataFrame:
    return pl.DataFrame(
        [("g", "b", open_until, closed_until, tolerance_pct, compared_on)],
        schema={
            "comparable_group": pl.String,
            "benchmark": pl.String,
            "observed_through_open_on": pl.Date,
            "observed_through_proprietary_on": pl.Date,
            "match_tolerance_pct": pl.Float64,
            "compared_on": pl.Date,
        },
        orient="row",
    )


def lags(points: pl.DataFrame, estimator: str, as_of: date = LATE, of: pl.DataFrame | None = None) -> pl.DataFrame:
    return gap_lags(read_groups(points, groups() if of is None else of, as_of)).filter(pl.col("estimator") == estimator)


def pairs(rows: pl.DataFrame, tolerance_pct: float | None = None) -> list[tuple[Any, ...]]:
    """(closed, open, lag, censoring) of each row, in order."""
    if tolerance_pct is not None:
        rows = rows.filter(pl.col("tolerance_pct") == tolerance_pct)
    return rows.select("closed_model_id", "open_model_id", "lag_days", "censoring").rows()


# Durations


def km_median(durations_days: Sequence[float] | Floats, is_censored: Sequence[bool] | Bools) -> float:
    return float(medians(curves(durations_days, is_censored))[0])


def restricted_mean_days(durations_days: list[float], is_censored: list[bool], horizon_days: float) -> float:
    return float(restricted_means(curves(durations_days, is_censored), horizon_days)[0])


def test_the_curve_of_a_textbook_trial_is_the_published_one() -> None:
    """Weeks in remission under 6-MP, Freireich et al. 1963, Blood 21(6), 699; the usual example of this curve."""
    ended = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0]
    going_on = [6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0]
    durations, censored = ended + going_on, [False] * len(ended) + [True] * len(going_on)
    curve = curves(durations, censored)
    rows = pl.DataFrame(
        {"day": curve.durations_days[0], "at_risk": curve.n_at_risk[0], "left": curve.survival_fraction[0]}
    )
    steps = (
        rows.group_by("day", maintain_order=True)
        .agg(pl.first("at_risk"), pl.last("left"))
        .filter(pl.col("day").is_in(ended))
    )
    assert steps["at_risk"].to_list() == [21, 17, 15, 12, 11, 7, 6]
    published = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert steps["left"].round(3).to_list() == published
    assert km_median(durations, censored) == 23


def test_the_median_is_infinite_when_more_than_half_never_happens() -> None:
    assert math.isinf(km_median([10, 90, 90], [False, True, True]))
    assert math.isnan(km_median([], []))
    assert km_median([10, 90], [False, True]) == 10


def test_the_restricted_mean_counts_every_duration_up_to_the_horizon() -> None:
    assert restricted_mean_days([10, 30], [False, False], 20) == 15
    assert restricted_mean_days([-10, 30], [False, True], 50) == (-10 + 50) / 2
    assert math.isnan(restricted_mean_days([], [], 20))


def test_the_median_stays_true_under_censoring_where_the_mean_of_the_matched_does_not() -> None:
    generator = np.random.default_rng(1)
    durations = generator.exponential(300, 20_000)
    followed = generator.uniform(0, 600, 20_000)
    observed, censored = np.minimum(durations, followed), durations > followed
    assert km_median(observed, censored) == pytest.approx(300 * np.log(2), rel=0.03)
    assert np.median(durations[~censored]) < 0.7 * 300 * np.log(2)


# Golden rows


def test_the_golden_pairs_of_mmlu_are_443_and_496_days_apart() -> None:
    """The 14.6 and 16.3 months of https://github.com/epoch-research/open-model-trends (GPT-4 there: 2023-03-15)."""
    points = frame(
        point("Gopher 280B", "closed", 60.0, date(2021, 12, 8)),
        point("GPT-4", "closed", 86.4, date(2023, 3, 15)),
        point("LLaMA-65B", "open", 63.4, date(2023, 2, 24)),
        point("Llama 3.1 405B", "open", 87.3, date(2024, 7, 23)),
    )
    wanted = [("Gopher 280B", "LLaMA-65B", 443.0, "none"), ("GPT-4", "Llama 3.1 405B", 496.0, "none")]
    assert pairs(lags(points, "catch_up", date(2024, 10, 28)), 0.0) == wanted
    assert pairs(lags(points, "catch_up_nats", date(2024, 10, 28))) == wanted


def test_the_golden_pair_of_gpqa_is_141_days_apart() -> None:
    """The 4.6 months of https://github.com/epoch-research/open-model-trends, where Claude 3 Opus is of 2024-03-04."""
    points = frame(
        point("Claude 3 Opus", "closed", 47.9, date(2024, 3, 4)),
        point("Llama 3.1 405B", "open", 50.9, date(2024, 7, 23)),
    )
    wanted = [("Claude 3 Opus", "Llama 3.1 405B", 141.0, "none")]
    assert pairs(lags(points, "catch_up", date(2024, 10, 28)), 0.0) == wanted
    assert pairs(lags(points, "catch_up_nats", date(2024, 10, 28))) == wanted
    assert round(141 / 365 * 12, 1) == 4.6


def test_epochs_own_scores_give_epochs_own_mean_for_mmlu() -> None:
    """18.4 months of 365 / 12 days: results stored in benchmark_analysis.ipynb of epoch-research/open-model-trends."""
    policy = read_policy()
    scores = policy.frame("reference_scores").filter(
        pl.col("source_dataset") == "epoch-open-model-trends", pl.col("variant_id").str.starts_with("mmlu_reported")
    )
    points = scores.join(policy.frame("reference_models"), on="model_id").select(
        pl.lit("g").alias("comparable_group"),
        *("model_id", pl.col("display_name").alias("model"), "organization", "family", "openness"),
        pl.col("score_raw").cast(pl.Float64) * 100,
        pl.col("released_on").str.to_date(),
        pl.lit("reference").alias("reported_by"),
    )
    found = lags(points.rename({"score_raw": "score_pct"}), "catch_up_nats", date(2024, 10, 28))
    found = found.filter(
        ~pl.col("is_censored")
    )  # Claude 3.5 Sonnet, which nothing in the list matches, gives Epoch no row
    assert found.height == 5
    mean = found.select(pl.col("lag_days").mean()).item()
    assert round(mean / 365 * 12, 1) == 18.4


# Worlds worked by hand


WORLD = frame(
    point("C50", "closed", 50.0, 0),
    point("C60", "closed", 60.0, 100),
    point("C90", "closed", 90.0, 400),
    point("O40", "open", 40.0, 50),
    point("O59", "open", 59.5, 200),
    point("O70", "open", 70.0, 300),
)


def test_catch_up_takes_the_first_open_model_within_the_tolerance_and_censors_the_rest() -> None:
    found = lags(WORLD, "catch_up", day(1000))
    assert pairs(found, 0.0) == [("C50", "O59", 200, "none"), ("C60", "O70", 200, "none"), ("C90", None, 600, "right")]
    assert pairs(found, 1.0) == [("C50", "O59", 200, "none"), ("C60", "O59", 100, "none"), ("C90", None, 600, "right")]
    assert found.filter(pl.col("is_censored"))["censored_on"].to_list() == [day(1000)] * 2


def test_backward_takes_the_first_proprietary_model_at_each_open_level() -> None:
    found = lags(WORLD, "backward")
    assert pairs(found, 0.0) == [("C50", "O40", 50, "none"), ("C60", "O59", 100, "none"), ("C90", "O70", -100, "none")]
    assert found.filter(pl.col("tolerance_pct") == 0)["is_already_matched"].to_list() == [False, False, True]


def test_backward_is_left_censored_if_no_proprietary_model_was_there() -> None:
    ahead = frame(point("C", "closed", 50.0, 0), point("O", "open", 60.0, 10))
    found = lags(ahead, "backward", day(20))
    assert pairs(found, 0.0) == [(None, "O", -10.0, "left")]
    assert found["reason"].to_list() == ["no proprietary model came there up to 2023-01-21"] * 2
    unseen = lags(ahead, "backward", day(20), groups(closed_until=day(5)))
    assert pairs(unseen, 0.0) == [(None, "O", None, None)]
    assert set(unseen["reason"]) == {
        "it came after 2023-01-06, the last day on which a proprietary model could be seen"
    }


def test_a_threshold_is_censored_on_the_side_that_did_not_reach_it() -> None:
    found = lags(WORLD, "threshold").select("threshold_pct", "lag_days", "censoring").rows()
    assert found == [
        *[(t, None, None) for t in (35.0, 40.0)],  # the first models of both sides stand above
        *[(t, 200.0, "none") for t in (45.0, 50.0)],
        (55.0, 100.0, "none"),
        (60.0, 200.0, "none"),
        *[(t, -100.0, "none") for t in (65.0, 70.0)],
        *[(t, 600.0, "right") for t in (75.0, 80.0, 85.0, 90.0)],
    ]
    ahead = frame(point("C", "closed", 50.0, 0), point("O40", "open", 40.0, 5), point("O60", "open", 60.0, 30))
    left = lags(ahead, "threshold", day(100)).filter(pl.col("censoring") == "left")
    assert left.select("threshold_pct", "lag_days").rows() == [(55.0, -70.0), (60.0, -70.0)]


def test_a_threshold_reached_after_the_last_day_for_proprietary_models_has_no_lag() -> None:
    points = frame(point("C", "closed", 50.0, 0), point("O40", "open", 40.0, 5), point("O60", "open", 60.0, 30))
    found = lags(points, "threshold", of=groups(closed_until=day(20)))
    assert found.filter(pl.col("threshold_pct") > 50).is_empty()


def test_the_area_is_the_mean_lag_over_the_scores_that_both_reached() -> None:
    # From 50, where both have begun, to 70: 50-59.5 open at 200, 59.5-70 at 300; closed 50-60 at 100, 60-70 at 400.
    expected = (9.5 * 200 + 10.5 * 300 - 10 * 100 - 10 * 400) / 20
    assert lags(WORLD, "area")["lag_days"].to_list() == pytest.approx([expected])


def test_daily_counts_for_how_long_the_proprietary_frontier_stood_at_the_open_level() -> None:
    # Days 50-199: C50 stood since 0. 200-299: C60 since 100. 300-499: C90 from 400 on, before it open leads.
    sums = sum(range(50, 200)) + sum(n - 100 for n in range(200, 300)) + sum(n - 400 for n in range(400, 500))
    found = lags(WORLD, "daily", day(499))
    assert found["lag_days"].to_list() == pytest.approx([sums / 450])
    series = daily_lags(read_groups(WORLD, groups(), day(499)))
    assert series["lag_days"].sum() == sums
    assert series.row(-1) == ("g", day(499), 70.0, day(400), 99)


def test_epochs_rule_skips_what_a_winner_or_an_earlier_open_model_already_covers() -> None:
    points = frame(
        point("C50", "closed", 50.0, 0),
        point("C55", "closed", 55.0, 10),  # O60 wins C50 and is above
        point("C60", "closed", 60.7, 20),  # within 0.02 nats of the winner
        point("C62", "closed", 62.0, 200),  # an open model stood there
        point("C80", "closed", 80.0, 300),
        point("O60", "open", 60.0, 100),
        point("O65", "open", 65.0, 150),
    )
    assert pairs(lags(points, "catch_up_nats")) == [("C50", "O60", 100, "none"), ("C80", None, 700, "right")]
    assert pairs(lags(points, "catch_up"), 0.0)[3] == ("C62", "O65", -50, "none")


def test_an_open_model_that_came_first_is_a_row_with_a_negative_lag() -> None:
    found = lags(frame(point("C", "closed", 50.0, 30), point("O", "open", 50.0, 10)), "catch_up")
    assert found.select("lag_days", "is_already_matched").rows() == [(-20.0, True)] * 2


def test_a_frontier_holds_strict_improvements_and_the_best_of_a_day() -> None:
    points = frame(
        point("a", "closed", 50.0, 0),
        point("b", "closed", 55.0, 0),
        point("c", "closed", 55.0, 5),
        point("O", "open", 80.0, 9),
    )
    assert pairs(lags(points, "catch_up"), 0.0) == [("b", "O", 9, "none")]


def test_a_match_at_the_tolerance_does_not_depend_on_rounding() -> None:
    points = frame(point("C", "closed", 64.9, 0), point("O", "open", 63.9, 9))
    assert 64.9 - 1.0 > 63.9
    assert pairs(lags(points, "catch_up"), 1.0) == [("C", "O", 9, "none")]


def test_no_frontier_goes_past_the_day_through_which_its_side_was_observed() -> None:
    known = groups(open_until=day(250), closed_until=day(350))
    found = lags(WORLD, "catch_up", of=known)
    assert pairs(found, 0.0) == [("C50", "O59", 200, "none"), ("C60", None, 150, "right")]
    assert found["censored_on"].unique().to_list() == [day(250)]


def test_a_closed_model_released_after_the_last_day_for_open_ones_has_no_lag() -> None:
    found = lags(WORLD, "catch_up", of=groups(open_until=day(390)))
    assert found["closed_model_id"].unique().sort().to_list() == ["C50", "C60"]


# The proprietary side ends with C60 on day 100 and is observed through day 130, the open one through day 330.
STOPPED = frame(*[row for row in WORLD.to_dicts() if row["model_id"] != "C90"])
STOPPED_DAYS = groups(open_until=day(330), closed_until=day(130), compared_on=day(100))


def test_an_open_model_matches_an_earlier_proprietary_one_after_the_proprietary_side_stopped() -> None:
    found = lags(STOPPED, "catch_up", of=STOPPED_DAYS)
    assert pairs(found, 0.0) == [("C50", "O59", 200, "none"), ("C60", "O70", 200, "none")]
    above = lags(STOPPED.filter(pl.col("model_id") != "O70"), "catch_up", of=STOPPED_DAYS)
    assert pairs(above, 0.0) == [("C50", "O59", 200, "none"), ("C60", None, 230, "right")]
    at_65 = lags(STOPPED, "threshold", of=STOPPED_DAYS).filter(pl.col("threshold_pct") == 60)
    assert at_65["lag_days"].to_list() == [200]
    row = lag_summary(read_groups(STOPPED, STOPPED_DAYS, LATE), draws=20, seed=1).filter(
        pl.col("estimator") == "catch_up", pl.col("tolerance_pct") == 0, pl.col("sensitivity") == "all"
    )
    assert row.select("n_pairs", "n_censored", "median_lag_days").rows() == [(2, 0, 200.0)]


def test_an_open_model_after_the_last_day_for_proprietary_ones_has_no_backward_lag_even_if_it_is_behind() -> None:
    found = lags(STOPPED, "backward", of=STOPPED_DAYS)
    assert pairs(found, 0.0) == [("C50", "O40", 50, "none"), (None, "O59", None, None), (None, "O70", None, None)]


def test_whole_frontiers_are_compared_only_while_both_sides_go_on() -> None:
    known = groups(open_until=day(330), closed_until=day(280), compared_on=day(250))
    read = list(read_groups(STOPPED, known, LATE))
    days = daily_lags(read)
    assert (days["day"].min(), days["day"].max()) == (day(50), day(250))
    whole = gap_lags(read).filter(pl.col("estimator").is_in(["area", "daily"]))
    assert whole["censored_on"].to_list() == [day(250)] * 2
    until_then = gap_lags(read_groups(STOPPED, groups(day(250), day(250)), LATE))
    assert (
        whole["lag_days"].to_list()
        == until_then.filter(pl.col("estimator").is_in(["area", "daily"]))["lag_days"].to_list()
    )
    summary = lag_summary(read, draws=20, seed=1).filter(pl.col("sensitivity") == "all")
    for estimator, expected in whole.select("estimator", "lag_days").rows():
        assert summary.filter(pl.col("estimator") == estimator)["mean_lag_days"].to_list() == [expected]


def test_frontiers_without_a_model_on_the_day_of_comparison_are_refused_while_catch_ups_count() -> None:
    known = groups(open_until=day(330), closed_until=day(130), compared_on=day(40))
    found = gap_lags(read_groups(STOPPED, known, LATE))
    assert found.filter(pl.col("estimator") == "catch_up")["lag_days"].drop_nulls().len() == 4
    reason = "not measurable: n open = 0"
    assert found.filter(pl.col("estimator").is_in(["area", "daily"]))["reason"].to_list() == [reason] * 2
    summary = lag_summary(read_groups(STOPPED, known, LATE), draws=20, seed=1)
    of_frontiers = summary.filter(pl.col("estimator").is_in(["area", "daily"]), pl.col("sensitivity") == "all")
    assert of_frontiers.select("n_pairs", "refusal_reason").rows() == [(0, reason)] * 2
    assert daily_lags(read_groups(STOPPED, known, LATE)).is_empty()


def test_models_of_unknown_openness_or_date_or_score_take_no_part() -> None:
    noise = frame(point("u", "unknown", 99.0, 1), point("d", "open", 99.0, None), point("s", "closed", float("nan"), 1))
    nothing = frame(point("n", "closed", 99.0, 1)).with_columns(score_pct=pl.lit(None, pl.Float64))
    assert_frame_equal(
        gap_lags(read_groups(pl.concat([WORLD, noise, nothing]), groups(), day(900))),
        gap_lags(read_groups(WORLD, groups(), day(900))),
    )


# A simulated world: one proprietary model a day, each matched by an open one LAG days later

LAG = 40
LINEAR = frame(
    *[point(f"c{n:03}", "closed", 30 + n / 10, n, family=f"c{n // 10}") for n in range(200)],
    *[point(f"o{n:03}", "open", 30 + n / 10, n + LAG, family=f"o{n // 10}") for n in range(200)],
)


# The same with a model every 50 days: steps wider than 0.02 nats, which are 12 days' progress of the other.
STEPS = LINEAR.filter(pl.col("score_pct") % 5 == 0)


@pytest.mark.parametrize("estimator", ["catch_up", "threshold", "area", "daily"])
def test_each_estimator_finds_the_true_lag_of_a_simulated_world(estimator: str) -> None:
    summary = lag_summary(read_groups(LINEAR, groups(tolerance_pct=0.0), day(199)), draws=2, seed=1)
    row = summary.filter(estimator=estimator, sensitivity="all").row(0, named=True)
    found = row["median_lag_days"] if estimator in ("catch_up", "threshold") else row["mean_lag_days"]
    assert found == pytest.approx(LAG)
    assert row["n_censored"] == (LAG if estimator == "catch_up" else 0)


@pytest.mark.parametrize("estimator", ["catch_up", "catch_up_nats", "backward"])
def test_every_pair_has_the_lag_of_the_world_when_steps_are_wider_than_the_tolerance(estimator: str) -> None:
    found = lags(STEPS, estimator).filter(~pl.col("is_censored"))
    assert found["lag_days"].unique().to_list() == [LAG]
    assert found["closed_model_id"].unique().sort().to_list() == ["c000", "c050", "c100", "c150"]


# Summaries


def test_the_summary_counts_what_is_not_matched_instead_of_leaving_it_out() -> None:
    row = lag_summary(read_groups(WORLD, groups(), day(1000)), draws=50, seed=3).filter(
        pl.col("tolerance_pct").is_in([0.0, 1.0, 5.0]), estimator="catch_up", sensitivity="all"
    )
    columns = ("tolerance_pct", "n_pairs", "n_censored", "median_lag_days", "mean_lag_days")
    assert row.select(columns).with_columns(pl.col("mean_lag_days").round(1)).rows() == [
        (0.0, 3, 1, 200.0, 333.3),
        (1.0, 3, 1, 200.0, 300.0),
        (5.0, 3, 1, 200.0, 300.0),
    ]
    assert row["lo_days"].is_not_null().all()


def test_without_a_family_is_the_summary_of_the_points_without_it() -> None:
    summary = lag_summary(read_groups(WORLD, groups(), day(1000)), draws=20, seed=3)
    families = {"C50", "C60", "O59"}
    others = {"all", "without self-reported"}
    assert set(summary["sensitivity"]) == {f"without {family}" for family in families} | others
    left = lag_summary(read_groups(WORLD.filter(pl.col("family") != "O59"), groups(), day(1000)), draws=20, seed=3)
    columns = ("estimator", "tolerance_pct", "n_pairs", "n_censored", "median_lag_days", "mean_lag_days")
    without = summary.filter(sensitivity="without O59").select(columns)
    whole = left.filter(pl.col("tolerance_pct").is_null() | pl.col("tolerance_pct").is_in([0.0, 1.0]))
    assert_frame_equal(without, whole.filter(sensitivity="all").select(columns))


def test_the_summary_has_the_lag_under_each_tolerance() -> None:
    # C60 is matched by O59 after 100 days where a point is forgiven, by O70 after 200 where none is.
    points = frame(point("C60", "closed", 60.0, 100), point("O59", "open", 59.0, 200), point("O70", "open", 70.0, 300))
    rows = lag_summary(read_groups(points, groups(), day(1000)), draws=2, seed=3).filter(
        estimator="catch_up", sensitivity="all"
    )
    told = rows.select("tolerance_pct", "median_lag_days").rows()
    assert told == [(0.0, 200.0), (0.5, 200.0), (1.0, 100.0), (2.0, 100.0), (5.0, 100.0)]


def test_the_backward_form_has_a_summary_in_which_a_lead_is_a_negative_lag() -> None:
    # 50 and 100 days behind, then 100 ahead of C90 (test_backward_takes_the_first_...).
    row = lag_summary(read_groups(WORLD, groups(), day(1000)), draws=2, seed=3).filter(
        estimator="backward", sensitivity="all", tolerance_pct=0.0
    )
    assert row.select("n_pairs", "n_censored", "median_lag_days").rows() == [(3, 0, 50.0)]


def test_a_family_that_is_not_named_is_the_organization_and_the_label_says_so() -> None:
    unnamed = WORLD.with_columns(family=pl.lit(None, pl.String), organization=pl.col("openness"))
    summary = lag_summary(read_groups(unnamed, groups(), day(1000)), draws=2, seed=3)
    labels = {f"without {side} (no family named)" for side in ("open_weights", "proprietary")}
    assert labels < set(summary["sensitivity"])


def test_without_self_reported_says_so_when_no_score_is_marked() -> None:
    summary = lag_summary(read_groups(WORLD, groups(), day(1000)), draws=2, seed=3).filter(
        sensitivity="without self-reported"
    )
    assert summary["refusal_reason"].unique().to_list() == ["no score is marked as self-reported"]
    marked = WORLD.with_columns(is_self_reported=pl.col("model_id") == "O59")
    row = lag_summary(read_groups(marked, groups(), day(1000)), draws=2, seed=3).filter(
        sensitivity="without self-reported", estimator="catch_up", tolerance_pct=1.0
    )
    assert row["median_lag_days"].to_list() == [300.0]


def test_a_group_with_one_side_only_is_refused_by_name() -> None:
    open_only = WORLD.filter(pl.col("openness") == "open_weights")
    summary = lag_summary(read_groups(open_only, groups(), day(1000)), draws=2, seed=3)
    assert set(summary["refusal_reason"]) == {"not measurable: n proprietary = 0"}
    assert set(summary["estimator"]) == {"catch_up", "catch_up_nats", "backward", "threshold", "area", "daily"}
    found = gap_lags(read_groups(open_only, groups(), day(1000)))
    assert found.select("estimator", "lag_days", "reason").rows() == [
        (name, None, "not measurable: n proprietary = 0") for name in ("area", "daily")
    ]


def test_two_pairs_have_a_median_but_no_interval() -> None:
    points = frame(point("a", "closed", 50.0, 0), point("b", "closed", 60.0, 5), point("O", "open", 70.0, 9))
    row = lag_summary(read_groups(points, groups(), day(50)), draws=9, seed=1).filter(
        pl.col("tolerance_pct") <= 1, estimator="catch_up", sensitivity="all"
    )
    assert row["median_lag_days"].to_list() == [4.0, 4.0, 4.0]
    assert row["lo_days"].is_null().all()
    assert set(row["refusal_reason"]) == {"fewer than 3 pairs: no interval"}


def test_an_interval_has_no_upper_end_if_a_single_family_made_all_the_matches() -> None:
    """Two worlds with the same lags: a resample without the only open family has no match at all."""

    def interval(open_family: str | None) -> dict[str, Any]:
        closed = [point(f"c{n}", "closed", 50.0 + n, 30 * n) for n in range(12)]
        open_ = [point(f"o{n}", "open", 50.0 + n, 30 * n + 60, family=open_family) for n in range(12)]
        rows = lag_summary(read_groups(frame(*closed, *open_), groups(), day(500)), draws=100, seed=1)
        row = rows.filter(estimator="catch_up", sensitivity="all", tolerance_pct=0.0).row(0, named=True)
        return {name: row[name] for name in ("median_lag_days", "lo_days", "hi_days", "refusal_reason")}

    many, one = interval(None), interval("one")
    assert many["median_lag_days"] == one["median_lag_days"] == 60
    assert many["lo_days"] <= 60 <= many["hi_days"] < 200
    assert (one["hi_days"], one["refusal_reason"]) == (None, None)


# Rules that hold for every world

SCORES = st.integers(60, 160).map(lambda n: n / 2)
MODELS = st.lists(
    st.tuples(st.sampled_from(["closed", "open"]), SCORES, st.integers(0, 60), st.sampled_from(["A", "B", "C", None])),
    max_size=14,
)
WORLDS = MODELS.map(lambda rows: [point(f"m{n}", s, p, d, family=f) for n, (s, p, d, f) in enumerate(rows)])


@settings(max_examples=40)
@given(WORLDS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[dict[str, Any]], shuffler: random.Random) -> None:
    shuffled = shuffler.sample(rows, len(rows))
    one, other = frame(*rows), frame(*shuffled)
    assert_frame_equal(gap_lags(read_groups(one, groups(), day(80))), gap_lags(read_groups(other, groups(), day(80))))
    assert_frame_equal(
        lag_summary(read_groups(one, groups(), day(80)), draws=8, seed=5),
        lag_summary(read_groups(other, groups(), day(80)), draws=8, seed=5),
    )


@settings(max_examples=60)
@given(WORLDS, st.integers(0, 70), st.integers(0, 30))
def test_a_later_as_of_never_shortens_a_censored_lag(rows: list[dict[str, Any]], as_of: int, more: int) -> None:
    key = ["tolerance_pct", "closed_model_id"]
    before, after = (
        lags(frame(*rows), "catch_up", day(n)).select(*key, "lag_days", "is_censored") for n in (as_of, as_of + more)
    )
    both = before.join(after, on=key, how="left", suffix="_after")
    assert both["lag_days_after"].null_count() == 0
    assert both.filter(pl.col("is_censored"), pl.col("lag_days_after") < pl.col("lag_days")).is_empty()
    assert both.filter(~pl.col("is_censored"), pl.col("lag_days_after") != pl.col("lag_days")).is_empty()


@settings(max_examples=60)
@given(WORLDS)
def test_the_arrays_agree_with_a_literal_implementation(rows: list[dict[str, Any]]) -> None:
    until = day(80)
    ordered = sorted(rows, key=lambda r: (r["released_on"], -r["score_pct"]))
    closed, open_ = ([r for r in ordered if r["openness"] == side] for side in ("proprietary", "open_weights"))
    expected, best = [], 0.0
    for model in closed:
        if model["score_pct"] > best:
            best = model["score_pct"]
            match = next((o for o in open_ if o["score_pct"] >= best - 1.0), None)
            lag = ((match["released_on"] if match else until) - model["released_on"]).days
            expected.append((model["score_pct"], lag, match is None))
    found = lags(frame(*rows), "catch_up", until).filter(pl.col("tolerance_pct") == 1.0)
    columns = ("closed_score_pct", "lag_days", "is_censored")
    assert found.select(columns).rows() == (expected if closed and open_ else [])
    mean = lags(frame(*rows), "daily", until)["lag_days"][0]
    series = daily_lags(read_groups(frame(*rows), groups(), until))["lag_days"].mean()
    assert mean == pytest.approx(series)
    estimates = {
        r["estimator"]: r["mean_lag_days"]
        for r in lag_summary(read_groups(frame(*rows), groups(), until), seed=1, draws=1)
        .filter(sensitivity="all")
        .iter_rows(named=True)
    }
    assert estimates["daily"] == mean
