"""Item response theory by least squares, for many bootstrap draws at once; takes and returns arrays.

`fraction = sigmoid(discriminability * (capability - difficulty))`. The loss, the form of the penalty, the bounds and
the bootstrap are those of https://github.com/epoch-research/eci-public (src/eci/fitting.py); the solver is our own.

Arrays: `target` is models x benchmarks, scores as fractions; `seen` has the same shape, 1 where a model has a score,
else 0. The time of a step grows with the scores (`_blocks`), and the number of steps does not grow with the models (`_settled`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboard_etl.errors import EtlError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]

# Weight of the mean square of all parameters except the anchor's discriminability. It is 0.1 in eci-public, which shrinks the
# scale and makes the intervals too narrow (bench/coverage.py).
PENALTY = 0.01
CLIP = 1e-3  # fractions are kept inside [CLIP, 1 - CLIP]
LIMIT_LOGITS = 10.0  # capability and difficulty stay within +-10
LIMIT_LOG_SLOPE = float(np.log(10.0))  # discriminability stays within 0.1..10
MAX_STEPS = 300
SETTLED = 1e-10  # a step that makes the loss smaller by no larger share is the last one
MOST_DAMPING = 1e9  # so is one that is damped so much
# Draws, and where one is larger its models, are computed in parts of about this many values: what a step reads then stays in the
# cache of a processor, which halves the time, and memory does not grow with the steps.
MOST_VALUES = 50_000
# So many models with scores on the same benchmarks are computed without the other benchmarks.
MANY_MODELS = 500
# One model in so many is moved alone after each step: the one that the step moved farthest. Among many models one is always still
# on its way, out of a saddle or back from too far, and all others would wait for it: 36,000 models took 90 steps, and take 20.
MODELS_TO_ONE_ALONE = 1_000


class NotSettledError(EtlError):
    """No single fit of the model explains the scores."""


class Parameters(NamedTuple):
    """For each draw: capability (draws x models) and difficulty (draws x benchmarks) in logits, and the logarithm of the
    discriminability (draws x benchmarks)."""

    capability: Floats
    difficulty: Floats
    log_slope: Floats


class Block(NamedTuple):
    """Models that stand next to each other, the benchmarks on which they have scores (their places among all), and the scores
    as fractions within CLIP (models x benchmarks, with any number where there is none)."""

    models: slice
    groups: Places
    target: Floats


class Weighted(NamedTuple):
    """A block, and how often each draw holds each of its scores (draws x models x benchmarks)."""

    block: Block
    weight: Floats

    def of(self, draws: Bools | Places) -> Weighted:
        """The same of some draws."""
        return Weighted(self.block, self.weight[draws])


def fit(target: Floats, seen: Floats, anchor: int, penalty: float = PENALTY) -> Parameters:
    """The parameters of one fit (one draw), shifted so that benchmark `anchor` has difficulty 0; its discriminability
    is 1.

    Raises NotSettledError if the search does not converge.
    """
    order, blocks = _blocks(np.clip(target, CLIP, 1 - CLIP), seen)
    start = _additive(np.clip(target, CLIP, 1 - CLIP), seen)
    found, settled = _descend(_weighted(blocks, seen[None, order]), anchor, _in_order(start, order), penalty)
    if not settled.all():
        raise NotSettledError(
            f"the fit of {target.shape[0]} models did not settle in {MAX_STEPS} steps: its numbers would depend on where the"
            " search began"
        )
    return _shifted(_in_order(found, np.argsort(order)), anchor)


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
    order, blocks = _blocks(np.clip(target, CLIP, 1 - CLIP), seen)
    start = _in_order(start, order)
    rows, cols = np.nonzero(seen)
    rows = np.argsort(order)[rows]
    at_a_time = max(1, MOST_VALUES // seen.size)
    capabilities = np.empty((draws, seen.shape[0]))
    for first in range(0, draws, at_a_time):
        size = min(at_a_time, draws - first)
        weight = np.zeros((size, *seen.shape))
        weight[:, rows, cols] = rng.multinomial(rows.size, np.full(rows.size, 1 / rows.size), size=size)
        drawn, settled = _descend(_weighted(blocks, weight), anchor, start, penalty)
        placed = _connected(weight > 0, anchor) & settled[:, None]
        capabilities[first : first + size, order] = np.where(placed, _shifted(drawn, anchor).capability, np.nan)
    return capabilities


def _blocks(target: Floats, seen: Floats) -> tuple[Places, list[Block]]:
    """The models in an order in which those of a block stand together, and the blocks.

    Most models have scores on few of the benchmarks, and many on the same: these stand together, without the other benchmarks;
    models with rarer ones stand together with all benchmarks.
    """
    _, kind, n_models = np.unique(np.packbits(seen > 0, axis=1), axis=0, return_inverse=True, return_counts=True)
    kind = np.where(n_models[kind] >= MANY_MODELS, kind, -1)
    order = np.argsort(kind, kind="stable")
    blocks: list[Block] = []
    for of_kind in np.split(order, np.flatnonzero(np.diff(kind[order])) + 1):
        groups = np.arange(seen.shape[1]) if kind[of_kind[0]] == -1 else np.flatnonzero(seen[of_kind[0]])
        for models in np.array_split(of_kind, -(-of_kind.size * groups.size // MOST_VALUES)):
            begun = blocks[-1].models.stop if blocks else 0
            blocks.append(Block(slice(begun, begun + models.size), groups, target[np.ix_(models, groups)]))
    return order, blocks


def _weighted(blocks: Sequence[Block], weight: Floats) -> list[Weighted]:
    return [Weighted(block, weight[:, block.models].take(block.groups, axis=2)) for block in blocks]


def _in_order(theta: Parameters, order: Places) -> Parameters:
    """The same with the models in this order."""
    return theta._replace(capability=theta.capability.take(order, axis=1))


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


def _descend(scores: Sequence[Weighted], anchor: int, start: Parameters, penalty: float) -> tuple[Parameters, Bools]:
    """The least-squares parameters of every draw of the scores, and which draws converged.

    Levenberg-Marquardt with separate damping per draw; draws that have converged are left out of further steps.
    """
    n_draws, n_models, n_groups = len(scores[0].weight), start.capability.shape[1], start.difficulty.shape[1]
    ridge = penalty / (n_models + 2 * n_groups - 1)
    free = np.arange(n_groups) != anchor
    theta = Parameters(*(np.repeat(part, n_draws, axis=0) for part in start))
    damping = np.full(n_draws, 1e-2)
    loss = _loss(scores, theta, ridge, free)
    moving = np.arange(n_draws)
    for _ in range(MAX_STEPS):
        if not moving.size:
            break
        here = Parameters(*(part[moving] for part in theta))
        of_moving = scores if moving.size == n_draws else [part.of(moving) for part in scores]
        there = _settled(of_moving, here, _step(of_moving, here, ridge, free, damping[moving]), ridge)
        tried = _loss(of_moving, there, ridge, free)
        gain = loss[moving] - tried
        better = gain >= 0
        for part, new in zip(theta, there, strict=True):
            part[moving[better]] = new[better]
        loss[moving[better]] = tried[better]
        damping[moving] = _damped(damping[moving], better)
        done = (better & (gain <= SETTLED * tried)) | (damping[moving] >= MOST_DAMPING)
        moving = moving[~done]
    return theta, ~np.isin(np.arange(n_draws), moving)


def _predict(block: Block, theta: Parameters) -> tuple[Floats, Floats, Floats]:
    """Discriminability, log-odds and fraction of a block's scores, each draws x models x benchmarks."""
    slope = np.exp(theta.log_slope.take(block.groups, axis=1))[:, None, :]
    difficulty = theta.difficulty.take(block.groups, axis=1)[:, None, :]
    log_odds = slope * (theta.capability[:, block.models, None] - difficulty)
    return slope, log_odds, 0.5 * (1 + np.tanh(0.5 * log_odds))


def _loss(scores: Sequence[Weighted], theta: Parameters, ridge: float, free: Bools) -> Floats:
    misfit = sum(
        (weight * (_predict(block, theta)[2] - block.target) ** 2).sum(axis=(1, 2)) for block, weight in scores
    )
    slopes = np.exp(2 * theta.log_slope) * free
    size = sum(part.sum(axis=1) for part in (theta.capability**2, theta.difficulty**2, slopes))
    return np.asarray(misfit + ridge * size)


class _Eliminated(NamedTuple):
    """What a step needs again of a block, to tell how its models move once that of the benchmarks is known."""

    block: Block
    gradient: Floats
    diagonal: Floats
    cross: Floats


def _step(scores: Sequence[Weighted], theta: Parameters, ridge: float, free: Bools, damping: Floats) -> Parameters:
    """The parameters after one damped Gauss-Newton step, kept within the bounds.

    Models are connected only through benchmarks, so the models' part of the normal matrix is diagonal. It is
    eliminated, block by block, which leaves one small system in the benchmarks' parameters for each draw.
    """
    n_draws, n_groups = theta.difficulty.shape
    ridge_slope = ridge * np.exp(2 * theta.log_slope)
    grow = 1 + damping[:, None]
    item_gradient = np.concatenate([ridge * theta.difficulty, ridge_slope], axis=1)
    squares, mixed, slopes = (np.zeros((n_draws, n_groups)) for _ in range(3))
    system, right = np.zeros((n_draws, 2 * n_groups, 2 * n_groups)), np.zeros((n_draws, 2 * n_groups))
    eliminated = []
    for block, weight in scores:
        slope, log_odds, fraction = _predict(block, theta)
        steep = fraction * (1 - fraction)
        by_level, by_slope = steep * slope, steep * log_odds  # derivatives by capability and by log discriminability
        pull = weight * (fraction - block.target)
        level_gradient = pull * by_level
        capability = theta.capability[:, block.models]
        gradient = level_gradient.sum(axis=2) + ridge * capability
        # A parameter at its bound that would move outwards stays there; for the others it is a constant.
        moves = ~_pushed_out(capability, gradient, LIMIT_LOGITS)
        gradient = gradient * moves
        level, sharp = block.groups, block.groups + n_groups
        item_gradient[:, level] -= level_gradient.sum(axis=1)
        item_gradient[:, sharp] += (pull * by_slope).sum(axis=1)

        weighted = weight * by_level
        of_level, of_both = weighted * by_level, weighted * by_slope
        squares[:, level] += of_level.sum(axis=1)
        mixed[:, level] += of_both.sum(axis=1)
        slopes[:, level] += (weight * by_slope**2).sum(axis=1)
        diagonal = (of_level.sum(axis=2) + ridge) * grow
        cross = np.concatenate([-of_level, of_both], axis=2) * moves[:, :, None]
        scaled = cross / diagonal[:, :, None]
        both = np.concatenate([level, sharp])
        system[:, both[:, None], both] -= np.matmul(scaled.transpose(0, 2, 1), cross)
        right[:, both] += (scaled * gradient[:, :, None]).sum(axis=1)
        eliminated.append(_Eliminated(block, gradient, diagonal, cross))

    items = np.concatenate([theta.difficulty, theta.log_slope], axis=1)
    limit = np.repeat([LIMIT_LOGITS, LIMIT_LOG_SLOPE], n_groups)
    item_moves = ~_pushed_out(items, item_gradient, limit) & np.concatenate([np.ones_like(free), free])
    level, sharp = np.arange(n_groups), np.arange(n_groups) + n_groups
    system[:, level, level] += (squares + ridge) * grow
    system[:, sharp, sharp] += (slopes + ridge_slope) * grow
    system[:, level, sharp] -= mixed
    system[:, sharp, level] -= mixed
    # What stays has a row of its own, and no step.
    system *= (item_moves[:, :, None] & item_moves[:, None, :]) | np.eye(2 * n_groups, dtype=bool)
    right = (right - item_gradient) * item_moves
    item_step = np.linalg.solve(system, right[:, :, None])[:, :, 0]
    capability = np.empty_like(theta.capability)
    for block, gradient, diagonal, cross in eliminated:
        of_block = item_step.take(np.concatenate([block.groups, block.groups + n_groups]), axis=1)
        step = -(gradient + np.matmul(cross, of_block[:, :, None])[:, :, 0]) / diagonal
        capability[:, block.models] = theta.capability[:, block.models] + step
    items = np.clip(items + item_step, -limit, limit)
    capability = np.clip(capability, -LIMIT_LOGITS, LIMIT_LOGITS)
    return Parameters(capability, items[:, :n_groups], items[:, n_groups:])


def _settled(scores: Sequence[Weighted], here: Parameters, there: Parameters, ridge: float) -> Parameters:
    """What a step led to, but the models that it moved farthest go from where they were to where they fit best."""
    n_few = here.capability.shape[1] // MODELS_TO_ONE_ALONE
    if not n_few:
        return there
    moved = np.abs(there.capability - here.capability)
    models = np.argpartition(moved, -n_few, axis=1)[:, -n_few:].ravel()
    draws = np.repeat(np.arange(len(moved)), n_few)
    target, weight = np.zeros((2, models.size, there.difficulty.shape[1]))
    for block, of_block in scores:
        found = np.flatnonzero((models >= block.models.start) & (models < block.models.stop))
        places, rows = (found[:, None], block.groups), models[found] - block.models.start
        target[places], weight[places] = block.target[rows], of_block[draws[found], rows]
    items = there.difficulty[draws], np.exp(there.log_slope[draws])
    capability = there.capability.copy()
    capability[draws, models] = _alone(target, weight, *items, here.capability[draws, models], ridge)
    return there._replace(capability=capability)


def _alone(target: Floats, weight: Floats, difficulty: Floats, slope: Floats, start: Floats, ridge: float) -> Floats:
    """The capabilities of single models (each a row of the other arrays, a benchmark a column) where the benchmarks stand
    still."""

    def predict(models: Places, capability: Floats) -> tuple[Floats, Floats]:
        fraction = 0.5 * (1 + np.tanh(0.5 * slope[models] * (capability[:, None] - difficulty[models])))
        misfit = (weight[models] * (fraction - target[models]) ** 2).sum(axis=1)
        return fraction, misfit + ridge * capability**2

    capability, damping, moving = start.copy(), np.full(start.size, 1e-2), np.arange(start.size)
    fraction, loss = predict(moving, capability)
    for _ in range(MAX_STEPS):
        if not moving.size:
            break
        here, by_level = fraction[moving], fraction[moving] * (1 - fraction[moving]) * slope[moving]
        gradient = (weight[moving] * (here - target[moving]) * by_level).sum(axis=1) + ridge * capability[moving]
        curvature = (weight[moving] * by_level**2).sum(axis=1) + ridge
        step = gradient / (curvature * (1 + damping[moving]))
        there = np.clip(capability[moving] - step, -LIMIT_LOGITS, LIMIT_LOGITS)
        predicted, tried = predict(moving, there)
        gain = loss[moving] - tried
        better = gain >= 0
        gone = moving[better]
        capability[gone], fraction[gone], loss[gone] = there[better], predicted[better], tried[better]
        damping[moving] = _damped(damping[moving], better)
        moving = moving[~((better & (gain <= SETTLED * tried)) | (damping[moving] >= MOST_DAMPING))]
    return capability


def _damped(damping: Floats, better: Bools) -> Floats:
    """The damping after steps of which some made the fit better."""
    return np.asarray(np.clip(damping * np.where(better, 0.2, 8.0), 1 / MOST_DAMPING, MOST_DAMPING))


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
