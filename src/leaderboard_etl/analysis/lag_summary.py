"""Summarises the lags of one group as one number per estimator: Kaplan-Meier over censored lags, an interval by
families, and how the number changes without one family, with another tolerance, or without self-reported scores.

lag_groups reads the groups; lag_estimators defines the estimators.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import polars as pl

from leaderboard_etl.analysis import lag_estimators as estimate
from leaderboard_etl.analysis.lag_estimators import UNIT
from leaderboard_etl.analysis.lag_groups import Group
from leaderboard_etl.analysis.lags import ROW, SERIES, number_or_none, pair_lags
from leaderboard_etl.analysis.survival import Floats, curves, medians, restricted_means

MIN_PAIRS = 3
INTERVAL = (0.05, 0.95)
TOLERANCES_PCT = (0.0, 0.5, 1.0, 2.0, 5.0)  # beside the group's own, to show how much a lag depends on the tolerance

SUMMARY: dict[str, Any] = {
    **ROW,
    "sensitivity": pl.String,
    "n_pairs": pl.Int64,
    "n_censored": pl.Int64,
    "median_lag_days": pl.Float64,
    "mean_lag_days": pl.Float64,
    "lo_days": pl.Float64,
    "hi_days": pl.Float64,
    "refusal_reason": pl.String,
}


def lag_summary(groups: Iterable[Group], *, draws: int = 400, seed: int) -> pl.DataFrame:
    """One row per group, estimator, tolerance and sensitivity. The result depends on the seed but not on the order of
    rows.

    tolerance_pct: as in gap_lags; over all models also TOLERANCES_PCT.
    sensitivity: 'all'; without each family that owns a matched or a matching frontier model; without self-reported scores.
    n_pairs: lags including censored ones; for area and daily the frontier models of the side that has fewer; null: not tried.
    median_lag_days: Kaplan-Meier median; null if more than half were never matched, and for area and daily.
    mean_lag_days: Kaplan-Meier mean, restricted to the longest observed lag; for area and daily the estimate itself.
    lo_days, hi_days: 90 % interval of the median, or of the mean if the median is null, from `draws` resamples of families
    with replacement, each with its own frontiers. hi_days null beside lo_days: no upper end.
    refusal_reason: why a number or the interval is missing.

    A resample holds fewer models and so has lower frontiers: the interval shows how far the number depends on single
    families, and is not centred on it. In simulated worlds with 6 to 40 families per side it contained the estimator's
    own median in 75 to 98 % of cases (bench/coverage.py), and the true lag in 80 to 96 % for threshold, in 67 to 95 % for
    area, in 32 to 92 % for catch_up, in 3 to 37 % for backward: docs/methods.md has the table.

    Rows that leave one family out have no interval; they show how the number changes. Left-censored lags enter with
    their limit, so their mean is too high; the median is right unless it is one of them.
    """
    rows = [
        row
        for group in groups
        for sensitivity, variant, reason, is_resampled in _sensitivities(group)
        for row in _summary_rows(variant, sensitivity, reason, draws if is_resampled else 0, seed)
    ]
    return pl.DataFrame(rows, schema=SUMMARY, orient="row")


def _sensitivities(group: Group) -> Iterator[tuple[str, Group, str | None, bool]]:
    """Each variant of a group: its name, its models, the reason if it has no number, and whether it is resampled."""
    yield "all", group, None, True
    if group.refusal_reason is not None:
        return
    lags = estimate.catch_up(*group.whole, round(group.tolerance_pct * UNIT))
    is_match = ~np.isnan(lags.lag_days[0]) & ~lags.is_right[0]
    matched = group.closed.families[lags.closed_at[0, is_match]]
    matching = group.open_.families[lags.open_at[0, is_match]]
    for family in np.union1d(matched, matching):
        yield f"without {group.families[family]}", group.without(family), None, False
    measured = group.measured()
    is_same = (len(measured.closed), len(measured.open_)) == (len(group.closed), len(group.open_))
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
        estimators = [(name, t) for name in ("catch_up", "backward") for t in _tolerances(group, sensitivity)]
        for name, tolerance_pct in [*estimators, *((n, None) for n in ("catch_up_nats", "threshold", *SERIES))]:
            n_pairs = 0 if group.refusal_reason else None
            row = {"estimator": name, "tolerance_pct": tolerance_pct, "n_pairs": n_pairs, "n_censored": n_pairs}
            yield {**identity, **row, "refusal_reason": reason}
        return
    # Each variant has its own random stream, so that no number depends on which other groups or variants are computed.
    stream = np.random.default_rng([seed, zlib.crc32(f"{group.comparable_group}\n{sensitivity}".encode())])
    chosen = np.zeros((1 + draws, group.n_families), dtype=np.bool_)
    chosen[0] = True  # the first row is the group itself
    drawn = stream.integers(0, group.n_families, size=(draws, group.n_families))
    chosen[1 + np.arange(draws)[:, None], drawn] = True
    sides = group.sides(chosen)
    for name, tolerance_pct, lags in pair_lags(sides, _tolerances(group, sensitivity)):
        lag_days = lags.lag_days
        n_pairs = int((~np.isnan(lag_days[0])).sum())
        row = {"estimator": name, "tolerance_pct": tolerance_pct, "n_pairs": n_pairs}
        row["n_censored"] = int((lags.is_right | lags.is_left)[0].sum())
        curve = curves(lag_days, lags.is_right)
        median, mean = medians(curve), np.full(1 + draws, np.nan)
        if n_pairs:
            mean = restricted_means(curve, float(np.nanmax(lag_days[0])))
        row |= {"median_lag_days": number_or_none(median[0]), "mean_lag_days": number_or_none(mean[0])}
        yield {**identity, **row, **_interval(median if np.isfinite(median[0]) else mean, n_pairs)}
    refusal_reason, compared = group.comparison_refusal_reason, group.compared(sides)
    for name, estimator in SERIES.items():
        if refusal_reason is not None:
            yield {**identity, "estimator": name, "n_pairs": 0, "n_censored": 0, "refusal_reason": refusal_reason}
            continue
        values = estimator(*compared)
        n_pairs = min(int(side.is_frontier[0].sum()) for side in compared)
        row = {"estimator": name, "n_pairs": n_pairs, "n_censored": 0, "mean_lag_days": number_or_none(values[0])}
        yield {**identity, **row, **_interval(values, n_pairs)}


def _tolerances(group: Group, sensitivity: str) -> list[float]:
    """The tolerances of a variant: several over all models; otherwise the group's own and zero."""
    return sorted({0.0, group.tolerance_pct, *(TOLERANCES_PCT if sensitivity == "all" else ())})


def _interval(values: Floats, n_pairs: int) -> dict[str, Any]:
    """lo_days and hi_days from the resamples (all values except the first), or the reason why there is no interval."""
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
    return {"lo_days": number_or_none(lo), "hi_days": number_or_none(hi)}
