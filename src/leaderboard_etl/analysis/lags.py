"""How far open weights follow proprietary models, in days, by comparable group. Positive: open is later.

lag_groups says what `points` and `groups` hold and what is left out; lag_estimators defines the estimators.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from leaderboard_etl.analysis import lag_estimators as estimate
from leaderboard_etl.analysis.lag_estimators import UNIT, Lags, Side
from leaderboard_etl.analysis.lag_groups import Group, read_groups
from leaderboard_etl.analysis.survival import Floats, curves, medians, restricted_means

THRESHOLDS_PCT = tuple(range(35, 100, 5))
MIN_PAIRS = 3
INTERVAL = (0.05, 0.95)

_SERIES = {"area": estimate.area, "daily": estimate.daily}
_ROW = {"comparable_group": pl.String, "benchmark": pl.String, "estimator": pl.String, "tolerance_pct": pl.Float64}
_MODEL = {"model_id": pl.String, "model": pl.String, "released_on": pl.Date, "score_pct": pl.Float64}
LAGS: dict[str, Any] = {
    **_ROW,
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
SUMMARY: dict[str, Any] = {
    **_ROW,
    "sensitivity": pl.String,
    "n_pairs": pl.Int64,
    "n_censored": pl.Int64,
    "median_lag_days": pl.Float64,
    "mean_lag_days": pl.Float64,
    "lo_days": pl.Float64,
    "hi_days": pl.Float64,
    "refusal_reason": pl.String,
}
DAILY: dict[str, Any] = {
    "comparable_group": pl.String,
    "day": pl.Date,
    "open_score_pct": pl.Float64,
    "closed_first_on": pl.Date,
    "lag_days": pl.Int64,
}


def gap_lags(points: pl.DataFrame, groups: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Every single lag: one row per group, estimator, tolerance and pair of models or threshold.

    tolerance_pct: points below the score that still match; null where the estimator has its own or none.
    threshold_pct: null but for threshold. closed_*, open_*: the two models; null where there is none.
    lag_days: null where there is none. censoring: right (at least lag_days), left (at most lag_days), none; null without a
    lag. is_already_matched: the open model was not later; null without a pair. censored_on: last day that could be seen.
    reason: why there is no lag, or why it is censored.
    Of a group where one side has no model, the rows of area and daily say so and there is no other.
    """
    rows = [row for group in read_groups(points, groups, as_of) for row in _lag_rows(group)]
    return pl.DataFrame(rows, schema=LAGS, orient="row")


def daily_lags(points: pl.DataFrame, groups: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The series that the estimator daily is the mean of: one row per group and day on which both sides could be seen.

    open_score_pct: the open frontier that day, percent. closed_first_on: first proprietary model at that score; null: none.
    lag_days: days since closed_first_on; 0: open led.
    """
    frames = [pl.DataFrame(schema=DAILY)]
    for group in read_groups(points, groups, as_of):
        if group.refusal_reason is None:
            days, levels, since = estimate.daily_series(*group.sides())
            columns = {"day": days, "closed_first_on": np.where(since == estimate.NEVER, np.nan, since)}
            frame = pl.DataFrame(columns, nan_to_null=True).select(pl.all().cast(pl.Int32).cast(pl.Date))
            frame = frame.with_columns(
                pl.lit(group.comparable_group).alias("comparable_group"),
                pl.Series("open_score_pct", levels / UNIT),
                pl.Series("lag_days", np.maximum(days - since, 0)),
            )
            frames.append(frame.select(*DAILY))
    return pl.concat(frames)


def lag_summary(
    points: pl.DataFrame, groups: pl.DataFrame, as_of: date, *, draws: int = 400, seed: int
) -> pl.DataFrame:
    """One row per group, estimator, tolerance and sensitivity. The same for the same seed, whatever the order of rows.

    sensitivity: all; without each family that owns a matched or a matching frontier model; without self-reported.
    n_pairs: lags, censored ones too; for area and daily the frontier models of the side that has fewer; null: not tried.
    median_lag_days: Kaplan-Meier; null if more than half were never matched, and for area and daily.
    mean_lag_days: Kaplan-Meier mean, restricted to the longest lag seen; for area and daily the estimate itself.
    lo_days, hi_days: 90 % interval of the median, or of the mean where the median is null: `draws` resamples of families
    with replacement, frontiers drawn anew. A resample holds fewer models and so lower frontiers: the interval shows how
    far a number rests on single families and is not centred on it. hi_days null beside lo_days: no upper end. The rows that
    leave one family out carry no interval: the change of the number is what they tell.
    refusal_reason: why a number or the interval is missing. Left-censored lags enter as they are: their mean is too high,
    the median is right unless it is one of them.
    """
    rows = [
        row
        for group in read_groups(points, groups, as_of)
        for sensitivity, variant, reason, is_resampled in _sensitivities(group)
        for row in _summary_rows(variant, sensitivity, reason, draws if is_resampled else 0, seed)
    ]
    return pl.DataFrame(rows, schema=SUMMARY, orient="row")


def _pairs(group: Group, sides: tuple[Side, Side]) -> Iterator[tuple[str, float | None, Lags]]:
    for tolerance_pct in sorted({0.0, group.tolerance_pct}):
        yield "catch_up", tolerance_pct, estimate.catch_up(*sides, round(tolerance_pct * UNIT))
    yield "catch_up_nats", None, estimate.catch_up_nats(*sides)
    yield "threshold", None, estimate.threshold(*sides, np.array(THRESHOLDS_PCT) * UNIT)


def _lag_rows(group: Group) -> Iterator[dict[str, Any]]:
    identity = {"comparable_group": group.comparable_group, "benchmark": group.benchmark}
    both_until = min(group.closed_until, group.open_until)
    sides = group.sides()
    if group.refusal_reason is None:
        for name, tolerance_pct, lags in _pairs(group, sides):
            for row in _pair_rows(group, name, lags):
                yield {**identity, "estimator": name, "tolerance_pct": tolerance_pct, **row}
        for tolerance_pct in sorted({0.0, group.tolerance_pct}):
            for row in _pair_rows(group, "backward", estimate.backward(*sides, round(tolerance_pct * UNIT))):
                yield {**identity, "estimator": "backward", "tolerance_pct": tolerance_pct, **row}
    for name, estimator in _SERIES.items():
        lag_days = None if group.refusal_reason else _number(estimator(*sides)[0])
        reason = group.refusal_reason or (_NO_SERIES[name] if lag_days is None else None)
        found = {"is_censored": False, "censoring": None if lag_days is None else "none", "censored_on": both_until}
        yield {**identity, "estimator": name, "lag_days": lag_days, "reason": reason, **found}


_NO_SERIES = {"area": "there is no range of scores that both sides reached", "daily": "there is no day with both sides"}


def _pair_rows(group: Group, name: str, lags: Lags) -> Iterator[dict[str, Any]]:
    """The lags of the first resample as rows; for backward and threshold also the pairs that have no lag."""
    closed, open_ = group.closed.to_dicts(), group.open_.to_dicts()
    is_listed = ~np.isnan(lags.lag_days[0])
    if name == "backward":
        is_listed = group.sides()[1].is_frontier[0]
    elif name == "threshold":
        is_listed |= (lags.closed_at[0] < len(closed)) & (lags.open_at[0] < len(open_))
    for column in np.flatnonzero(is_listed):
        lag_days = _number(lags.lag_days[0, column])
        is_right, is_left = bool(lags.is_right[0, column]), bool(lags.is_left[0, column])
        until = group.closed_until if is_left or name == "backward" else group.open_until
        reason = None
        if is_right:
            reason = f"no open model came there up to {until}"
        elif is_left or (name == "backward" and lag_days is None):
            reason = f"no proprietary model came there up to {until}"
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


def _model(side: str, models: list[dict[str, Any]], place: int) -> dict[str, Any]:
    return {f"{side}_{name}": models[place][name] for name in _MODEL} if place < len(models) else {}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _sensitivities(group: Group) -> Iterator[tuple[str, Group, str | None, bool]]:
    """Each variant of a group: its name, its models, why it says nothing, and whether it is resampled."""
    yield "all", group, None, True
    if group.refusal_reason is not None:
        return
    lags = estimate.catch_up(*group.sides(), round(group.tolerance_pct * UNIT))
    is_match = ~np.isnan(lags.lag_days[0]) & ~lags.is_right[0]
    matched = group.closed["family"].gather(lags.closed_at[0, is_match])
    matching = group.open_["family"].gather(lags.open_at[0, is_match])
    for family in sorted({*matched, *matching}):
        yield f"without {family}", group.keep(pl.col("family") != family), None, False
    measured = group.keep(~pl.col("is_self_reported"))
    is_same = (measured.closed.height, measured.open_.height) == (group.closed.height, group.open_.height)
    yield "without self-reported", measured, "no score is marked as self-reported" if is_same else None, True


def _summary_rows(
    group: Group, sensitivity: str, reason: str | None, draws: int, seed: int
) -> Iterator[dict[str, Any]]:
    identity = {
        "comparable_group": group.comparable_group,
        "benchmark": group.benchmark,
        "sensitivity": sensitivity,
    }
    reason = reason or group.refusal_reason
    if reason is not None:
        estimators = [("catch_up", t) for t in sorted({0.0, group.tolerance_pct})]
        for name, tolerance_pct in [*estimators, *((n, None) for n in ("catch_up_nats", "threshold", *_SERIES))]:
            n_pairs = 0 if group.refusal_reason else None
            row = {"estimator": name, "tolerance_pct": tolerance_pct, "n_pairs": n_pairs, "n_censored": n_pairs}
            yield {**identity, **row, "refusal_reason": reason}
        return
    # A stream of its own for each variant: no number depends on which other groups or variants are asked for.
    stream = np.random.default_rng([seed, zlib.crc32(f"{group.comparable_group}\n{sensitivity}".encode())])
    n_families = len(group.families)
    chosen = np.zeros((1 + draws, n_families), dtype=np.bool_)
    chosen[0] = True  # the first row is the group itself
    drawn = stream.integers(0, n_families, size=(draws, n_families))
    chosen[1 + np.arange(draws)[:, None], drawn] = True
    sides = group.sides(chosen)
    for name, tolerance_pct, lags in _pairs(group, sides):
        lag_days = lags.lag_days
        n_pairs = int((~np.isnan(lag_days[0])).sum())
        row = {"estimator": name, "tolerance_pct": tolerance_pct, "n_pairs": n_pairs}
        row["n_censored"] = int((lags.is_right | lags.is_left)[0].sum())
        curve = curves(lag_days, lags.is_right)
        median, mean = medians(curve), np.full(1 + draws, np.nan)
        if n_pairs:
            mean = restricted_means(curve, float(np.nanmax(lag_days[0])))
        row |= {"median_lag_days": _number(median[0]), "mean_lag_days": _number(mean[0])}
        yield {**identity, **row, **_interval(median if np.isfinite(median[0]) else mean, n_pairs)}
    for name, estimator in _SERIES.items():
        values = estimator(*sides)
        n_pairs = min(int(side.is_frontier[0].sum()) for side in sides)
        row = {"estimator": name, "n_pairs": n_pairs, "n_censored": 0, "mean_lag_days": _number(values[0])}
        yield {**identity, **row, **_interval(values, n_pairs)}


def _interval(values: Floats, n_pairs: int) -> dict[str, Any]:
    """lo_days and hi_days of the resamples (all but the first value), and why there is none."""
    drawn = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]):
        return {"refusal_reason": "no pair of models has a lag"}
    if len(values) == 1:
        return {"refusal_reason": "left without an interval: the row with all families has one"}
    if n_pairs < MIN_PAIRS:
        return {"refusal_reason": f"fewer than {MIN_PAIRS} pairs: no interval"}
    if 2 * len(drawn) <= len(values) - 1:
        return {"refusal_reason": "at most half of the resamples have a lag: no interval"}
    lo, hi = np.quantile(drawn, INTERVAL, method="inverted_cdf")
    if np.isinf(lo):
        return {"refusal_reason": "nearly all resamples leave more than half unmatched: no interval"}
    return {"lo_days": _number(lo), "hi_days": _number(hi)}
