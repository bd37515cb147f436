"""The estimators of a lag, computed on arrays for many resamples of one group's models at once.

A frontier consists of the models of one side, in order of release, that exceed all models before them; if several are
released on one day, only the best counts. Every array has one row per resample. Scores are integers in millionths, so
that 63.4 minus 1.0 is exactly 62.4; dates are days since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboard_etl.analysis.survival import Bools, Floats

Ints = NDArray[np.int64]

UNIT = 1_000_000
TOLERANCE_NATS = 0.02
_LEAST = -(10**9)
_MOST = 10**9
NEVER = 2**31 - 1  # a day after every other
_SPAN = 10**10  # wider than every level: keeps the rows of a matrix apart in one sorted array


@dataclass(frozen=True)
class Side:
    """One side's models in order of release, the best of a day first.

    `days` are release dates, `levels` scores, and `masks` the models in each resample (resamples, models). `until` is
    the last day on which a new model could have been observed.
    """

    days: Ints
    levels: Ints
    masks: Bools
    until: int

    @cached_property
    def best(self) -> Ints:
        """The greatest level up to each model (resamples, models); far below zero before the first model."""
        best: Ints = np.maximum.accumulate(np.where(self.masks, self.levels, _LEAST), axis=1)
        return best

    @cached_property
    def is_frontier(self) -> Bools:
        """Whether each model exceeds all models before it."""
        rises: Bools = np.diff(self.best, axis=1, prepend=_LEAST) > 0
        return rises

    def first_at(self, wanted: Ints) -> Ints:
        """The index of the first model at or above each wanted level (resamples, levels); the number of models if there
        is none."""
        rows = np.arange(len(self.masks))[:, None]
        flat = (self.best + rows * _SPAN).ravel()
        positions = np.searchsorted(flat, (wanted + rows * _SPAN).ravel()).reshape(wanted.shape)
        positions = positions - rows * len(self.days)
        return np.asarray(positions.clip(0, len(self.days)), dtype=np.int64)

    def up_to(self, day: int) -> Side:
        """The same side, observed up to the day at the latest."""
        is_seen = self.days <= day
        return Side(self.days[is_seen], self.levels[is_seen], self.masks[:, is_seen], min(self.until, day))

    def in_nats(self) -> Side:
        """The same models with -ln(1 - accuracy) as level, a scale of error rates that does not flatten near 100 %."""
        with np.errstate(divide="ignore"):
            nats = -np.log1p(-np.clip(self.levels / (100 * UNIT), 0.0, 1.0))
        return Side(self.days, np.rint(np.minimum(nats * UNIT, _MOST)).astype(np.int64), self.masks, self.until)


class Lags(NamedTuple):
    """The lags of one estimator (resamples, columns). A column is a closed model, an open model, or a threshold.

    `lag_days` is NaN where there is no lag. `is_right`: the lag is at least this; `is_left`: at most this. `closed_at`
    and `open_at` are the indexes of the two models on their sides, or the number of models if there is none.
    """

    lag_days: Floats
    is_right: Bools
    is_left: Bools
    closed_at: Ints
    open_at: Ints


def _days_at(side: Side, positions: Ints) -> Ints:
    """The release days at these indexes; a placeholder, to be masked, where there is no model."""
    return np.append(side.days, 0)[positions]


def _positions(side: Side) -> Ints:
    return np.broadcast_to(np.arange(len(side.days)), side.masks.shape)


def catch_up(closed: Side, open_: Side, tolerance: int) -> Lags:
    """The days from a proprietary frontier model's release to the first open model at its score minus the tolerance.

    Zero or less: an open model was there already. If no open model was there by the last day on which open models were
    observed, the lag is right-censored on that day: whether proprietary models were observed until then does not matter.
    Proprietary models released after that day cannot be followed and have no lag.

    Source: Epoch AI, https://github.com/epoch-research/open-model-trends, which has no row for unmatched models.
    """
    open_at = open_.first_at(np.broadcast_to(closed.levels - tolerance, closed.masks.shape))
    is_pair = closed.is_frontier & (closed.days <= open_.until)
    is_right = is_pair & (open_at == len(open_.days))
    end = np.where(is_right, open_.until, _days_at(open_, open_at))
    lag_days = np.where(is_pair, end - closed.days, np.nan)
    return Lags(lag_days, is_right, np.zeros_like(is_right), _positions(closed), open_at)


def catch_up_nats(closed: Side, open_: Side) -> Lags:
    """catch_up as Epoch AI computes it: on -ln(1 - accuracy), within 0.02, and only for models that need a new match.

    A proprietary model has no lag if the best open match so far is within the tolerance of it, or if an open model was
    there by the day of its release. Unlike Epoch AI's, an unmatched model is right-censored. For accuracies only.

    Source: https://github.com/epoch-research/open-model-trends.
    """
    closed, open_ = closed.in_nats(), open_.in_nats()
    tolerance = round(TOLERANCE_NATS * UNIT)
    lags = catch_up(closed, open_, tolerance)
    lag_days = np.where(lags.lag_days <= 0, np.nan, lags.lag_days)
    winner = np.full(len(lag_days), _LEAST)
    won = np.append(open_.levels, _LEAST)[lags.open_at]
    for column, wanted in enumerate(closed.levels - tolerance):
        lag_days[winner >= wanted, column] = np.nan
        winner = np.where(np.isnan(lag_days[:, column]), winner, np.maximum(winner, won[:, column]))
    return lags._replace(lag_days=lag_days, is_right=lags.is_right & ~np.isnan(lag_days))


def backward(closed: Side, open_: Side, tolerance: int) -> Lags:
    """The days from the first proprietary model at an open frontier model's score minus the tolerance to the open
    model's release.

    Zero or less: the open model was not later. If no proprietary model was there by the last day on which proprietary
    models were observed, the lag is left-censored: at most the open release minus that day. Leaving these out would bias
    the lag upwards. Open models released after that day have no lag: only those that are behind could have one.

    Source: https://github.com/htihle/open_closed_gap.
    """
    closed_at = closed.first_at(np.broadcast_to(open_.levels - tolerance, open_.masks.shape))
    is_followed = open_.is_frontier & (open_.days <= closed.until)
    closed_at = np.where(is_followed, closed_at, len(closed.days))
    has_closed = closed_at < len(closed.days)
    is_left = is_followed & ~has_closed
    closed_on = np.where(has_closed, _days_at(closed, closed_at), closed.until)
    lag_days = np.where(is_followed, open_.days - closed_on, np.nan)
    return Lags(lag_days, np.zeros_like(is_left), is_left, closed_at, _positions(open_))


def threshold(closed: Side, open_: Side, levels: Ints) -> Lags:
    """The days from the first proprietary to the first open release at fixed scores.

    If only the proprietary side reached the score, the lag is right-censored on the last observed day of open models.
    If only the open side did, it is left-censored: at most the open release minus the last observed day of proprietary
    models. There is no lag if the first models of both sides are already above the score, because that would measure
    where the data begin.

    Source: Epoch AI, https://github.com/epoch-research/open-model-trends (35, 40, .. 95 %).
    """
    wanted = np.broadcast_to(levels, (len(closed.masks), len(levels)))
    closed_at, open_at = closed.first_at(wanted), open_.first_at(wanted)
    has_closed, has_open = closed_at < len(closed.days), open_at < len(open_.days)
    closed_on = np.where(has_closed, _days_at(closed, closed_at), closed.until)
    open_on = np.where(has_open, _days_at(open_, open_at), open_.until)
    is_start = (closed_at == closed.masks.argmax(axis=1)[:, None]) & (open_at == open_.masks.argmax(axis=1)[:, None])
    is_right = has_closed & ~has_open & (closed_on <= open_.until)
    is_left = has_open & ~has_closed & (open_on <= closed.until)
    is_lag = (has_closed & has_open & ~is_start) | is_right | is_left
    return Lags(np.where(is_lag, open_on - closed_on, np.nan), is_right, is_left, closed_at, open_at)


def area(closed: Side, open_: Side) -> Floats:
    """The area between the two frontier curves divided by its height, which is the mean lag in days (resamples). NaN:
    no overlap.

    The height is the range of scores from where both curves begin to where the lower one ends. Scores that no open
    model has reached are left out, which biases the result downwards.

    Source: Epoch AI, https://github.com/epoch-research/open-model-trends, which begins at chance level.
    """
    curves = [(side.best, side.is_frontier, side.days) for side in (open_, closed)]
    begin = np.maximum(*[np.where(f, best, 10**10).min(axis=1) for best, f, _ in curves])[:, None]
    end = np.minimum(*[best[:, -1] for best, _, _ in curves])[:, None]
    parts = [
        (np.diff(np.clip(best, begin, np.maximum(begin, end)), axis=1, prepend=begin) * days).sum(axis=1)
        for best, _, days in curves
    ]
    height = (end - begin)[:, 0]
    return np.where(height > 0, (parts[0] - parts[1]) / np.maximum(height, 1), np.nan)


def daily(closed: Side, open_: Side) -> Floats:
    """How many days ago the proprietary frontier had reached the open frontier's score, as the mean over the days
    (resamples).

    The days run from the first on which both sides exist to the last on which both are observed. A day on which open
    leads counts as 0. NaN: there is no such day.

    Source: the idea of https://epoch.ai/data-insights/open-closed-eci-gap, applied to one score.
    """
    until = min(open_.until, closed.until)
    first = [np.where(side.masks, side.days, until + 1).min(axis=1) for side in (open_, closed)]
    start = np.maximum(*first)[:, None]
    stood_since = np.append(closed.days, until + 1)[closed.first_at(open_.best)]
    # The open frontier keeps its score from one release to the day before the next, so each part is a sum of consecutive
    # numbers.
    begin = np.maximum(start, open_.days)
    end = np.maximum(begin, np.minimum(np.append(open_.days[1:], until + 1), until + 1))
    shortest = np.maximum(begin, stood_since) - stood_since
    n_days = np.maximum(end - stood_since - shortest, 0)
    total = (n_days * (2 * shortest + n_days - 1)).sum(axis=1) / 2
    n = until + 1 - start[:, 0]
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def daily_series(closed: Side, open_: Side) -> tuple[Ints, Ints, Ints]:
    """For the first resample: the days that `daily` counts, the open frontier's level on each, and the day on which the
    proprietary frontier reached it (NEVER if it did not)."""
    days = np.arange(max(closed.days[0], open_.days[0]), min(closed.until, open_.until) + 1)
    levels = open_.best[0, np.searchsorted(open_.days, days, side="right") - 1]
    return days, levels, np.append(closed.days, NEVER)[closed.first_at(levels[None, :])[0]]
