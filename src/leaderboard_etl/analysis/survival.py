"""Durations of which some are only known to be longer: the Kaplan-Meier curve, its median and its restricted mean.

A duration may be negative, because the curve only needs an order. Source: Kaplan and Meier 1958,
https://doi.org/10.2307/2281868; restricted mean: Royston and Parmar 2013, https://doi.org/10.1186/1471-2288-13-152.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_ROUNDING = 1e-9  # a product of fractions may miss one half by a rounding error


class Curves(NamedTuple):
    """One curve per sample: arrays (samples, observations), each row in order of duration.

    `durations_days` is NaN after the sample's last observation. `is_event` is false where censored or absent.
    `n_at_risk` is the number of observations that have not ended before. `survival_fraction` is the share that lasts
    longer than the duration.
    """

    durations_days: Floats
    is_event: Bools
    n_at_risk: NDArray[np.int64]
    survival_fraction: Floats


def curves(durations_days: ArrayLike, is_censored: ArrayLike) -> Curves:
    """Kaplan-Meier curves of many samples at once: arrays (samples, observations), NaN where a sample has fewer.

    A duration censored on a day counts as at risk on that day, because events come first. Raises ValueError if the
    shapes differ.
    """
    durations = np.atleast_2d(np.asarray(durations_days, dtype=np.float64))
    censored = np.atleast_2d(np.asarray(is_censored, dtype=np.bool_))
    if durations.shape != censored.shape:
        raise ValueError(f"durations_days has the shape {durations.shape} and is_censored {censored.shape}")
    order = np.lexsort((censored, durations), axis=-1)
    durations = np.take_along_axis(durations, order, axis=-1)
    present = ~np.isnan(durations)
    is_event = present & ~np.take_along_axis(censored, order, axis=-1)
    n_at_risk = np.maximum(present.sum(axis=-1, keepdims=True) - np.arange(durations.shape[-1]), 0)
    # Taking the events of one day one after another gives the same factor as taking them together.
    factors = np.where(is_event, 1.0 - 1.0 / np.maximum(n_at_risk, 1), 1.0)
    survival_fraction: Floats = np.cumprod(factors, axis=-1, dtype=np.float64)
    return Curves(durations, is_event, n_at_risk, survival_fraction)


def medians(curve: Curves) -> Floats:
    """The median of each sample in days: the first duration that at most half of it exceed. Infinite if more than half
    never ended; NaN if there is no observation."""
    is_past = curve.is_event & (curve.survival_fraction <= 0.5 + _ROUNDING)
    if is_past.shape[-1] == 0:
        return np.full(len(is_past), np.nan)
    first = np.take_along_axis(curve.durations_days, is_past.argmax(axis=-1)[:, None], axis=-1)[:, 0]
    reached = np.where(is_past.any(axis=-1), first, np.inf)
    return np.where(np.isnan(curve.durations_days).all(axis=-1), np.nan, reached)


def restricted_means(curve: Curves, horizon_days: float) -> Floats:
    """The mean of min(duration, horizon_days) of each sample in days; NaN if there is no observation.

    After its last observation a curve stays level up to the horizon.
    """
    if curve.durations_days.shape[-1] == 0:
        return np.full(len(curve.durations_days), np.nan)
    before = np.concatenate([np.ones((len(curve.is_event), 1)), curve.survival_fraction[:, :-1]], axis=-1)
    ended = before - curve.survival_fraction
    clipped = np.minimum(np.nan_to_num(curve.durations_days, nan=horizon_days), horizon_days)
    means: Floats = (ended * clipped).sum(axis=-1) + curve.survival_fraction[:, -1] * horizon_days
    return np.where(np.isnan(curve.durations_days).all(axis=-1), np.nan, means)
