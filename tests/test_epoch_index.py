"""Golden: Epoch AI's tables of March 2026 give Epoch's own index, and on it our lags equal a plain reading's.

Epoch's published figures are not asserted, because they rest on other dates and another definition; docs/methods.md sets
them beside ours.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from leaderboard_etl.analysis.capability import fit_capability
from leaderboard_etl.analysis.lag_groups import read_groups
from leaderboard_etl.analysis.lags import daily_lags, gap_lags

TABLES = Path(__file__).parent / "fixtures" / "epoch-2026-03"
# The day after the last release in the table of the index.
AS_OF = date(2026, 3, 1)
# The lags take percentages and depend on differences only: the index, 58 to 155, is moved into that range.
SHIFT = 56.0
# For these the table does not say it; their vendors do.
OPENNESS = {
    "INTELLECT-1": "open_weights",
    "DeepSeek-V3.2": "open_weights",
    "o3-pro": "proprietary",
    "Gemini 3 Flash": "proprietary",
    "Claude Opus 4.6": "proprietary",
}
DAYS_PER_MONTH = 365.25 / 12
Best = tuple[date, float]


@cache
def index() -> pl.DataFrame:
    """Epoch's index with the side of each model; unreleased models are left out."""
    stated = pl.col("accessibility")
    side = (
        pl.when(stated.str.starts_with("Open weights"))
        .then(pl.lit("open_weights"))
        .when(stated.is_in(["API access", "Hosted access (no API)"]))
        .then(pl.lit("proprietary"))
        .otherwise(pl.col("model_name").replace_strict(OPENNESS, default=None))
    )
    return (
        pl.read_csv(TABLES / "index.csv", try_parse_dates=True)
        .with_columns(side.alias("openness"))
        .drop_nulls("openness")
    )


def bests(openness: str) -> list[Best]:
    """Each model of one side that exceeds all before it, read plainly."""
    found: list[Best] = []
    rows = index().filter(openness=openness).sort("released_on", "eci", descending=[False, True])
    for released_on, eci in rows.select("released_on", "eci").iter_rows():
        if not found or eci > found[-1][1]:
            found.append((released_on, eci))
    return found


def first_at(side: list[Best], level: float) -> date | None:
    return next((day for day, eci in side if eci >= level), None)


@cache
def lags() -> pl.DataFrame:
    return gap_lags(read_groups(*lag_inputs(), AS_OF))


def lag_inputs() -> tuple[pl.DataFrame, pl.DataFrame]:
    points = index().select(
        pl.lit("eci").alias("comparable_group"),
        "openness",
        pl.col("model_name").alias("model_id"),
        pl.col("model_name").alias("model"),
        "released_on",
        (pl.col("eci") - SHIFT).alias("score_pct"),
        pl.lit(None, pl.String).alias("family"),
        pl.lit(None, pl.String).alias("organization"),
        pl.lit(False).alias("is_self_reported"),
    )
    days = {"observed_through_open_on": [AS_OF], "observed_through_proprietary_on": [AS_OF]}
    return points, pl.DataFrame(
        {"comparable_group": ["eci"], "benchmark": ["eci"], **days, "match_tolerance_pct": [0.0]}
    )


def ranks(values: pl.Series) -> np.ndarray:
    return values.rank().to_numpy()


def test_the_index_of_epochs_scores_ranks_models_as_epochs_index_does() -> None:
    points = pl.read_csv(TABLES / "scores.csv").select(
        pl.col("model_name").alias("model_id"),
        pl.col("model_name").alias("model"),
        pl.lit("unknown").alias("openness"),
        pl.lit(None, pl.Date).alias("released_on"),
        pl.col("benchmark").alias("comparable_group"),
        (100 * pl.col("score_fraction")).alias("score_pct"),
        pl.lit(None, pl.Float64).alias("score_norm_pct"),
    )
    fitted = fit_capability(points, draws=0).index.drop_nulls("capability")
    both = pl.read_csv(TABLES / "index.csv").join(fitted, left_on="model_name", right_on="model_id")
    assert both.height == 134
    assert np.corrcoef(ranks(both["eci"]), ranks(both["capability"]))[0, 1] >= 0.98
    # Logits of our anchor against points of theirs: one straight line, within a point for half of the models.
    slope, start = np.polyfit(both["capability"].to_numpy(), both["eci"].to_numpy(), 1)
    differences = (both["eci"] - (start + slope * both["capability"])).abs()
    assert float(differences.median() or 0) < 1.0


def test_backward_lags_on_epochs_index_are_those_of_a_plain_reading() -> None:
    closed = bests("proprietary")
    expected = [
        (day - earlier).days for day, eci in bests("open_weights") if (earlier := first_at(closed, eci)) is not None
    ]
    assert len(expected) >= 20
    ours = lags().filter(
        pl.col("estimator") == "backward", pl.col("tolerance_pct") == 0, pl.col("lag_days").is_not_null()
    )
    assert ours.sort("open_released_on")["lag_days"].to_list() == expected


def test_catch_up_lags_on_epochs_index_are_those_of_a_plain_reading() -> None:
    open_ = bests("open_weights")
    expected = {
        day: ((reached - day).days, False)
        if (reached := first_at(open_, eci)) is not None
        else ((AS_OF - day).days, True)
        for day, eci in bests("proprietary")
    }
    assert sum(is_right for _, is_right in expected.values()) >= 3
    ours = lags().filter(
        pl.col("estimator") == "catch_up", pl.col("tolerance_pct") == 0, pl.col("lag_days").is_not_null()
    )
    told = ours.select("closed_released_on", "lag_days", pl.col("censoring") == "right")
    assert {day: (lag, is_right) for day, lag, is_right in told.iter_rows()} == expected


def test_daily_lags_on_epochs_index_are_those_of_a_plain_reading() -> None:
    open_, closed = bests("open_weights"), bests("proprietary")
    ours = daily_lags(read_groups(*lag_inputs(), AS_OF))
    begin = max(open_[0][0], closed[0][0])
    assert ours["day"].min() == begin and ours.height == (AS_OF - begin).days + 1
    for day, lag_days in ours.select("day", "lag_days").iter_rows():
        level = best_by(open_, day)
        since = first_at(closed, level)
        assert lag_days == (max((day - since).days, 0) if since is not None else 0), day


def test_methods_md_tells_what_epochs_index_gives_by_our_estimators() -> None:
    october = date(2025, 10, 30)  # of their first note
    points, groups = lag_inputs()
    area = gap_lags(read_groups(points, groups, october)).filter(estimator="area")["lag_days"][0]
    open_, closed = bests("open_weights"), bests("proprietary")
    days = pl.date_range(max(open_[0][0], closed[0][0]), october, eager=True)
    gaps = [best_by(closed, day) - best_by(open_, day) for day in days]
    told = " ".join((Path(__file__).parents[1] / "docs" / "methods.md").read_text(encoding="utf-8").split())
    assert f"the mean horizontal distance is {area / DAYS_PER_MONTH:.1f} months" in told
    assert f"the mean vertical one {sum(gaps) / len(gaps):.1f} points" in told
    assert f"({best_by(closed, AS_OF) - best_by(open_, AS_OF):.1f} points at its end" in told


def best_by(side: list[Best], day: date) -> float:
    return max(eci for released_on, eci in side if released_on <= day)
