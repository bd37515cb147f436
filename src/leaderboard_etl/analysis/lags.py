"""How many days open-weights models follow proprietary models, by comparable group. Positive: open is later.

lag_groups reads the groups; lag_estimators defines the estimators; lag_summary gives one number for
each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from leaderboard_etl.analysis import lag_estimators as estimate
from leaderboard_etl.analysis.lag_estimators import UNIT, Lags, Side
from leaderboard_etl.analysis.lag_groups import EPOCH, Group, Models

THRESHOLDS_PCT = tuple(range(35, 100, 5))
SERIES = {"area": estimate.area, "daily": estimate.daily}
ROW = {"comparable_group": pl.String, "benchmark": pl.String, "estimator": pl.String, "tolerance_pct": pl.Float64}
_MODEL = {"model_id": pl.String, "model": pl.String, "released_on": pl.Date, "score_pct": pl.Float64}
LAGS: dict[str, Any] = {
    **ROW,
    "threshold_pct": pl.Float64,
    **{f"closed_{name}": dtype for name, dtype in _MODEL.items()},
    **{f"open_{name}": dtype for name, dtype in _MODEL.items()},
    "lag_days": pl.Float64,
    "is_censored": pl.Boolean,
    "censoring": pl.String,
    "is_already_matched": pl.Boolean,
    "censored_on": pl.Date,
    "reason": pl.String,
}
DAILY: dict[str, Any] = {
    "comparable_group": pl.String,
    "day": pl.Date,
    "open_score_pct": pl.Float64,
    "closed_first_on": pl.Date,
    "lag_days": pl.Int64,
}


def gap_lags(groups: Iterable[Group]) -> pl.DataFrame:
    """Every single lag: one row per group, estimator, tolerance and pair of models or threshold.

    tolerance_pct: how many points below the score still match; null if the estimator has its own tolerance or none.
    threshold_pct: null for every estimator except threshold.
    closed_*, open_*: the two models; null where there is none.
    lag_days: null if there is no lag.
    censoring: right (at least lag_days), left (at most lag_days), none; null without a lag.
    is_already_matched: the open model was not later; null without a pair.
    censored_on: the last day on which the side whose model is awaited was observed: the proprietary side for backward and
        left-censored lags, else the open side. For area and daily, which compare whole frontiers: compared_on.
    reason: why there is no lag, or why it is censored.

    A group in which one side has no model has only the rows of area and daily, with the reason.
    """
    rows = [row for group in groups for row in _lag_rows(group)]
    return pl.DataFrame(rows, schema=LAGS, orient="row")


def daily_lags(groups: Iterable[Group]) -> pl.DataFrame:
    """The daily values that the estimator `daily` averages: one row per group and day on which both sides are observed.

    open_score_pct: the open frontier that day, percent.
    closed_first_on: the first day with a proprietary model at that score; null: none.
    lag_days: days since closed_first_on; 0: open led.
    """
    frames = [pl.DataFrame(schema=DAILY)]
    for group in groups:
        if group.comparison_refusal_reason is None:
            days, levels, since = estimate.daily_series(*group.compared(group.whole))
            columns = {"day": days, "closed_first_on": np.where(since == estimate.NEVER, np.nan, since)}
            frame = pl.DataFrame(columns, nan_to_null=True).select(pl.all().cast(pl.Int32).cast(pl.Date))
            frame = frame.with_columns(
                pl.lit(group.comparable_group).alias("comparable_group"),
                pl.Series("open_score_pct", levels / UNIT),
                pl.Series("lag_days", np.maximum(days - since, 0)),
            )
            frames.append(frame.select(*DAILY))
    return pl.concat(frames)


def pair_lags(sides: tuple[Side, Side], tolerances_pct: Sequence[float]) -> Iterator[tuple[str, float | None, Lags]]:
    """The name, the tolerance (null: the estimator has its own or none) and the lags of each estimator with a lag per
    pair or threshold."""
    for tolerance_pct in tolerances_pct:
        yield "catch_up", tolerance_pct, estimate.catch_up(*sides, round(tolerance_pct * UNIT))
        yield "backward", tolerance_pct, estimate.backward(*sides, round(tolerance_pct * UNIT))
    yield "catch_up_nats", None, estimate.catch_up_nats(*sides)
    yield "threshold", None, estimate.threshold(*sides, np.array(THRESHOLDS_PCT) * UNIT)


def _lag_rows(group: Group) -> Iterator[dict[str, Any]]:
    identity = {"comparable_group": group.comparable_group, "benchmark": group.benchmark}
    refusal_reason = group.comparison_refusal_reason
    if group.refusal_reason is None:
        for name, tolerance_pct, lags in pair_lags(group.whole, sorted({0.0, group.tolerance_pct})):
            for row in _pair_rows(group, name, lags):
                yield {**identity, "estimator": name, "tolerance_pct": tolerance_pct, **row}
    for name, estimator in SERIES.items():
        lag_days = None if refusal_reason else number_or_none(estimator(*group.compared(group.whole))[0])
        reason = refusal_reason or (_NO_SERIES[name] if lag_days is None else None)
        lag_columns = {
            "is_censored": False,
            "censoring": None if lag_days is None else "none",
            "censored_on": group.compared_on,
        }
        yield {**identity, "estimator": name, "lag_days": lag_days, "reason": reason, **lag_columns}


_NO_SERIES = {"area": "there is no range of scores that both sides reached", "daily": "there is no day with both sides"}


def _pair_rows(group: Group, name: str, lags: Lags) -> Iterator[dict[str, Any]]:
    """The lags of the first resample as rows; for backward and threshold also the pairs without a lag."""
    closed, open_ = group.closed, group.open_
    is_listed = ~np.isnan(lags.lag_days[0])
    if name == "backward":
        is_listed = group.whole[1].is_frontier[0]
    elif name == "threshold":
        is_listed |= (lags.closed_at[0] < len(closed)) & (lags.open_at[0] < len(open_))
    for column in np.flatnonzero(is_listed):
        lag_days = number_or_none(lags.lag_days[0, column])
        is_right, is_left = bool(lags.is_right[0, column]), bool(lags.is_left[0, column])
        until = group.closed_until if is_left or name == "backward" else group.open_until
        reason = None
        if is_right:
            reason = f"no open model came there up to {until}"
        elif is_left:
            reason = f"no proprietary model came there up to {until}"
        elif name == "backward" and lag_days is None:
            reason = f"it came after {until}, the last day on which a proprietary model could be seen"
        elif lag_days is None:
            reason = "the first models of both sides stand above it: the data begin later"
        yield {
            "threshold_pct": float(THRESHOLDS_PCT[column]) if name == "threshold" else None,
            **_model("closed", closed, lags.closed_at[0, column]),
            **_model("open", open_, lags.open_at[0, column]),
            "lag_days": lag_days,
            "is_censored": is_right or is_left,
            "censoring": None if lag_days is None else "right" if is_right else "left" if is_left else "none",
            "is_already_matched": None if lag_days is None else lag_days <= 0 and not is_right,
            "censored_on": until,
            "reason": reason,
        }


def _model(side: str, models: Models, position: int) -> dict[str, Any]:
    if position >= len(models):
        return {}
    facts = (
        models.model_ids[position],
        models.names[position],
        EPOCH + timedelta(days=int(models.days[position])),
        float(models.scores_pct[position]),
    )
    return {f"{side}_{name}": fact for name, fact in zip(_MODEL, facts, strict=True)}


def number_or_none(value: float) -> float | None:
    """The number; None for infinity and NaN."""
    return float(value) if np.isfinite(value) else None
