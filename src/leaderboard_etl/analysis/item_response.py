"""Item response theory by least squares, for many bootstrap draws at once; takes and returns arrays.

`fraction = sigmoid(discriminability * (capability - difficulty))`. The loss, the form of the penalty, the bounds and
the bootstrap are those of https://github.com/epoch-research/eci-public (src/eci/fitting.py); the solver is our own.

Arrays: `target` is models x benchmarks, scores as fractions; `seen` has the same shape, 1 where a model has a score,
else 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboard_etl.errors import EtlError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Weight of the mean square of all parameters except the anchor's discriminability. It is 0.1 in eci-public, which shrinks the
# scale and makes the intervals too narrow (bench/coverage.py).
PENALTY = 0.01
CLIP = 1e-3  # fractions are kept inside [CLIP, 1 - CLIP]
LIMIT_LOGITS = 10.0  # capability and difficulty stay within +-10
LIMIT_LOG_SLOPE = float(np.log(10.0))  # discriminability stays within 0.1..10
MAX_STEPS = 300
# Draws are fitted together in parts of about this many values: what a step reads then stays in the cache of a processor, which
# halves the time.
MOST_VALUES = 50_000


class NotSettledError(EtlError):
    """No single fit of the model explains the scores."""


class Parameters(NamedTuple):
    """For each draw: capability (draws x models) and difficulty (draws x benchmarks) in logits, and the logarithm of the
    discriminability (draws x benchmarks)."""

    capability: Floats
    difficulty: Floats
    log_slope: Floats


def fit(target: Floats, seen: Floats, anchor: int, penalty: float = PENALTY) -> Parameters:
    """The parameters of one fit (one draw), shifted so that benchmark `anchor` has difficulty 0; its discriminability
    is 1.

    Raises NotSettledError if the search does not converge.
    """
    target = np.clip(target, CLIP, 1 - CLIP)
    start, settled = _descend(target, seen[None], anchor, _additive(target, seen), penalty)
    if not settled.all():
        raise NotSettledError(
            f"the fit of {target.shape[0]} models did not settle in {MAX_STEPS} steps: its numbers would depend on where the"
            " search began"
        )
    return _shifted(start, anchor)


def draw_capabilities(
    target: Floats,
    seen: Floats,
    anchor: int,
    start: Parameters,
    draws: int,
    rng: np.random.Generator,
    penalty: float = PENALTY,
) -> Floats:
    """Capabilities (draws x models), refitted to the same number of scores drawn with replacement.

    NaN where the drawn scores do not connect the model to the anchor, and in draws that do not converge.
    """
    target = np.clip(target, CLIP, 1 - CLIP)
    rows, cols = np.nonzero(seen)
    at_a_time = max(1, MOST_VALUES // seen.size)
    capabilities = np.empty((draws, seen.shape[0]))
    for first in range(0, draws, at_a_time):
        size = min(at_a_time, draws - first)
        weight = np.zeros((size, *seen.shape))
        weight[:, rows, cols] = rng.multinomial(rows.size, np.full(rows.size, 1 / rows.size), size=size)
        drawn, settled = _descend(target, weight, anchor, start, penalty)
        placed = _connected(weight > 0, anchor) & settled[:, None]
        capabilities[first : first + size] = np.where(placed, _shifted(drawn, anchor).capability, np.nan)
    return capabilities


def _shifted(theta: Parameters, anchor: int) -> Parameters:
    zero = theta.difficulty[:, [anchor]]
    return Parameters(theta.capability - zero, theta.difficulty - zero, theta.log_slope)


def _additive(target: Floats, seen: Floats) -> Parameters:
    """The starting point: fits capability minus difficulty to the log-odds, with the same discriminability for all
    benchmarks."""
    log_odds = np.where(seen > 0, np.log(target / (1 - target)), 0.0)
    difficulty = np.zeros(target.shape[1])
    for _ in range(10):
        capability = (log_odds + difficulty * seen).sum(axis=1) / seen.sum(axis=1)
        difficulty = (capability[:, None] * seen - log_odds).sum(axis=0) / seen.sum(axis=0)
    return Parameters(capability[None], difficulty[None], np.zeros((1, target.shape[1])))


def _descend(
    target: Floats, weight: Floats, anchor: int, start: Parameters, penalty: float
) -> tuple[Parameters, Bools]:
    """The least-squares parameters of every draw of `weight` (draws x models x benchmarks), and which draws converged.

    Levenberg-Marquardt with separate damping per draw; draws that have converged are left out of further steps.
    """
    n_draws, n_models, n_groups = weight.shape
    ridge = penalty / (n_models + 2 * n_groups - 1)
    free = np.arange(n_groups) != anchor
    theta = Parameters(*(np.repeat(part, n_draws, axis=0) for part in start))
    damping = np.full(n_draws, 1e-2)
    loss = _loss(target, weight, theta, ridge, free)
    moving = np.arange(n_draws)
    for _ in range(MAX_STEPS):
        if not moving.size:
            break
        here = Parameters(*(part[moving] for part in theta))
        there = _step(target, weight[moving], here, ridge, free, damping[moving])
        tried = _loss(target, weight[moving], there, ridge, free)
        gain = loss[moving] - tried
        better = gain >= 0
        for part, new in zip(theta, there, strict=True):
            part[moving[better]] = new[better]
        loss[moving[better]] = tried[better]
        damping[moving] = np.clip(damping[moving] * np.where(better, 0.2, 8.0), 1e-9, 1e9)
        done = (better & (gain <= 1e-10 * tried)) | (damping[moving] >= 1e9)
        moving = moving[~done]
    return theta, ~np.isin(np.arange(n_draws), moving)


def _predict(theta: Parameters) -> tuple[Floats, Floats, Floats]:
    """Discriminability, log-odds and fraction, each draws x models x benchmarks."""
    slope = np.exp(theta.log_slope)[:, None, :]
    log_odds = slope * (theta.capability[:, :, None] - theta.difficulty[:, None, :])
    return slope, log_odds, 0.5 * (1 + np.tanh(0.5 * log_odds))


def _loss(target: Floats, weight: Floats, theta: Parameters, ridge: float, free: Bools) -> Floats:
    misfit = (weight * (_predict(theta)[2] - target) ** 2).sum(axis=(1, 2))
    slopes = np.exp(2 * theta.log_slope) * free
    size = sum(part.sum(axis=1) for part in (theta.capability**2, theta.difficulty**2, slopes))
    return np.asarray(misfit + ridge * size)


def _step(target: Floats, weight: Floats, theta: Parameters, ridge: float, free: Bools, damping: Floats) -> Parameters:
    """The parameters after one damped Gauss-Newton step, kept within the bounds.

    Models are connected only through benchmarks, so the models' part of the normal matrix is diagonal. It is
    eliminated, which leaves one small system in the benchmarks' parameters for each draw.
    """
    n_groups = free.size
    slope, log_odds, fraction = _predict(theta)
    steep = fraction * (1 - fraction)
    by_level, by_slope = steep * slope, steep * log_odds  # derivatives by capability and by log discriminability
    pull = weight * (fraction - target)
    level_gradient = pull * by_level
    ridge_slope = ridge * np.exp(2 * theta.log_slope)
    model_gradient = level_gradient.sum(axis=2) + ridge * theta.capability
    item_gradient = np.concatenate(
        [ridge * theta.difficulty - level_gradient.sum(axis=1), (pull * by_slope).sum(axis=1) + ridge_slope], axis=1
    )

    # A parameter at its bound that would move outwards stays there; for the others it is a constant.
    items = np.concatenate([theta.difficulty, theta.log_slope], axis=1)
    limit = np.repeat([LIMIT_LOGITS, LIMIT_LOG_SLOPE], n_groups)
    model_moves = ~_pushed_out(theta.capability, model_gradient, LIMIT_LOGITS)
    item_moves = ~_pushed_out(items, item_gradient, limit) & np.concatenate([np.ones_like(free), free])
    model_gradient, item_gradient = model_gradient * model_moves, item_gradient * item_moves

    weighted = weight * by_level
    squares, mixed = weighted * by_level, weighted * by_slope
    grow = 1 + damping[:, None]
    model_diagonal = (squares.sum(axis=2) + ridge) * grow
    cross = np.concatenate([-squares, mixed], axis=2) * (model_moves[:, :, None] & item_moves[:, None, :])
    scaled = cross / model_diagonal[:, :, None]
    system = -np.matmul(scaled.transpose(0, 2, 1), cross)
    level, sharp = np.arange(n_groups), np.arange(n_groups) + n_groups
    system[:, level, level] += (squares.sum(axis=1) + ridge) * grow
    system[:, sharp, sharp] += ((weight * by_slope**2).sum(axis=1) + ridge_slope) * grow
    within = mixed.sum(axis=1) * item_moves[:, :n_groups] * item_moves[:, n_groups:]
    system[:, level, sharp] -= within
    system[:, sharp, level] -= within
    right = (scaled * model_gradient[:, :, None]).sum(axis=1) - item_gradient
    item_step = np.linalg.solve(system, right[:, :, None])[:, :, 0]
    model_step = -(model_gradient + np.matmul(cross, item_step[:, :, None])[:, :, 0]) / model_diagonal
    items = np.clip(items + item_step, -limit, limit)
    capability = np.clip(theta.capability + model_step, -LIMIT_LOGITS, LIMIT_LOGITS)
    return Parameters(capability, items[:, :n_groups], items[:, n_groups:])


def _pushed_out(values: Floats, gradient: Floats, limit: Floats | float) -> Bools:
    return np.asarray((np.abs(values) >= limit) & (values * gradient < 0))


def _connected(seen: Bools, anchor: int) -> Bools:
    """The models (draws x models) that a chain of shared benchmarks connects to the anchor."""
    groups = np.zeros((seen.shape[0], seen.shape[2]), dtype=bool)
    groups[:, anchor] = True
    while True:
        models = np.asarray((seen & groups[:, None, :]).any(axis=2))
        wider = np.asarray(groups | (seen & models[:, :, None]).any(axis=1))
        if np.array_equal(wider, groups):
            return models
        groups = wider
