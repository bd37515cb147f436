"""Item response theory by least squares, for many bootstrap draws at once; takes and returns arrays.

`fraction = sigmoid(discriminability * (capability - difficulty))`. The loss, the form of the penalty, the bounds and
the bootstrap are those of https://github.com/epoch-research/eci-public (src/eci/fitting.py); the solver is our own.

Arrays: `target` is models x benchmarks, scores as fractions; `seen` has the same shape, 1 where a model has a score,
else 0. Inside, models come last, as there are many of them to compute at once. The time of a step grows with the scores
(`_blocks`), and the number of steps does not grow with the models (`_settled`).
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
# A step of Newton that moves no parameter by more is the last one: what is left is of the order of its square.
SETTLED = 1e-5
# The same for a model that is moved alone: it may be in a flat place, where steps are not Newton's.
SETTLED_ALONE = 1e-8
LEAST_DAMPING = 1e-3  # less is none
MOST_DAMPING = 1e9  # a step that is damped so much is the last one, too
# A step may leave a model so many logits from where it fits best, or where the loss curves by less than this share of what it
# would if fractions were straight lines: then it is moved alone. Among many models one is always still on its way, out of a
# saddle or back from too far, and all others would wait for it: draws of 23,000 models took 150 steps without this, and take 6.
FAR = 0.1
FLAT = 0.1
LONGEST = 2.0  # logits by which a model that is moved alone goes at once
# Draws are computed together up to about this many values, and models in parts of about as many as the other: what a step reads
# then stays in the cache of a processor, and memory does not grow with the steps. Arrays of larger parts are given back to the
# system and asked for again, which took a third of the time.
MOST_DRAWN = 100_000
MOST_VALUES = 16_000
# So many models with scores on the same benchmarks are computed without the other benchmarks.
MANY_MODELS = 50


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
    as fractions within CLIP (benchmarks x models, with any number where there is none)."""

    models: slice
    groups: Places
    target: Floats


class Weighted(NamedTuple):
    """A block, and how often each draw holds each of its scores (draws x benchmarks x models)."""

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
    found, settled = _descend(_weighted(blocks, seen.T[None, :, order]), anchor, _in_order(start, order), penalty)
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
    at_a_time = max(1, MOST_DRAWN // sum(block.target.size for block in blocks))
    capabilities = np.empty((draws, seen.shape[0]))
    for first in range(0, draws, at_a_time):
        size = min(at_a_time, draws - first)
        weight = np.zeros((size, seen.shape[1], seen.shape[0]))
        weight[:, cols, rows] = rng.multinomial(rows.size, np.full(rows.size, 1 / rows.size), size=size)
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
            blocks.append(Block(slice(begun, begun + models.size), groups, target.T[np.ix_(groups, models)]))
    return order, blocks


def _weighted(blocks: Sequence[Block], weight: Floats) -> list[Weighted]:
    return [Weighted(block, weight[:, :, block.models].take(block.groups, axis=1)) for block in blocks]


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

    Newton's method, with separate damping per draw after a step that made its fit worse, and until steps make it better again;
    draws that have converged are left out of further steps.
    """
    n_draws, n_models, n_groups = len(scores[0].weight), start.capability.shape[1], start.difficulty.shape[1]
    ridge = penalty / (n_models + 2 * n_groups - 1)
    free = np.arange(n_groups) != anchor
    theta = Parameters(*(np.repeat(part, n_draws, axis=0) for part in start))
    damping = np.full(n_draws, LEAST_DAMPING)
    loss = _loss(scores, theta, ridge, free)
    moving = np.arange(n_draws)
    for _ in range(MAX_STEPS):
        if not moving.size:
            break
        here = Parameters(*(part[moving] for part in theta))
        of_moving = scores if moving.size == n_draws else [part.of(moving) for part in scores]
        there = _settled(of_moving, here, _step(of_moving, here, ridge, free, damping[moving]), ridge)
        tried = _loss(of_moving, there, ridge, free)
        # The loss has too few digits to tell whether the last step, which is the smallest, made it smaller.
        last = (damping[moving] == 0) & (_farthest(here, there) <= SETTLED)
        better = last | (tried <= loss[moving])
        for part, new in zip(theta, there, strict=True):
            part[moving[better]] = new[better]
        loss[moving[better]] = tried[better]
        damping[moving] = _damped(damping[moving], better)
        moving = moving[~(last | (damping[moving] >= MOST_DAMPING))]
    return theta, ~np.isin(np.arange(n_draws), moving)


def _farthest(here: Parameters, there: Parameters) -> Floats:
    """How far each draw's farthest parameter moved."""
    moved = [np.abs(new - old).max(axis=1) for old, new in zip(here, there, strict=True)]
    return np.asarray(np.max(moved, axis=0))


def _predict(block: Block, theta: Parameters) -> tuple[Floats, Floats, Floats]:
    """Discriminability (draws x benchmarks x 1), log-odds and fraction (draws x benchmarks x models) of a block's scores."""
    slope = np.exp(theta.log_slope.take(block.groups, axis=1))[:, :, None]
    difficulty = theta.difficulty.take(block.groups, axis=1)[:, :, None]
    log_odds = slope * (theta.capability[:, None, block.models] - difficulty)
    return slope, log_odds, _fraction(log_odds)


def _fraction(log_odds: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * log_odds)))


def _loss(scores: Sequence[Weighted], theta: Parameters, ridge: float, free: Bools) -> Floats:
    misfit = sum(
        (weight * (_predict(block, theta)[2] - block.target) ** 2).sum(axis=(1, 2)) for block, weight in scores
    )
    slopes = np.exp(2 * theta.log_slope) * free
    size = sum(part.sum(axis=1) for part in (theta.capability**2, theta.difficulty**2, slopes))
    return np.asarray(misfit + ridge * size)


class _Derivatives(NamedTuple):
    """Derivatives of half the loss of each score, `weight * (fraction - target)**2 / 2`, by its log-odds.

    `pull` is the first. The second is `square + bend`: `square` is that of Gauss and Newton, which takes the fraction for a
    straight line and so is never negative; `bend` is small where the fit is good.
    """

    pull: Floats
    square: Floats
    bend: Floats


def _derivatives(fraction: Floats, target: Floats, weight: Floats) -> _Derivatives:
    steep = fraction * (1 - fraction)  # the derivative of the fraction, whose own is steep * (1 - 2 * fraction)
    weighted = weight * steep
    pull = weighted * (fraction - target)
    return _Derivatives(pull, weighted * steep, pull * (1 - 2 * fraction))


def _of_models(of_scores: _Derivatives, slope: Floats, capability: Floats, ridge: float) -> _Derivatives:
    """The same by the capability of each model, of all its scores and its penalty."""
    pull = (of_scores.pull * slope).sum(axis=-2) + ridge * capability
    square, bend = ((part * slope**2).sum(axis=-2) for part in (of_scores.square, of_scores.bend))
    return _Derivatives(pull, square + ridge, bend)


def _is_flat(of_models: _Derivatives) -> Bools:
    """Whether Newton's step would take a model much too far, or up: in or near a place from which the loss falls to both
    sides."""
    return np.asarray(of_models.square + of_models.bend < FLAT * of_models.square)


class _Eliminated(NamedTuple):
    """What a step needs again of a block, to tell how its models move once that of the benchmarks is known."""

    block: Block
    gradient: Floats
    diagonal: Floats
    cross: Floats


def _step(scores: Sequence[Weighted], theta: Parameters, ridge: float, free: Bools, damping: Floats) -> Parameters:
    """The parameters after one step, kept within the bounds: one of Newton, or in draws with damping a damped one of Gauss and
    Newton, which has no `bend`. Nor do the scores of a model in a flat place.

    Let z be the log-odds, and p and q the derivatives of half the loss of a score by z. As `z = slope (capability - difficulty)`,
    its second derivatives are `q slope^2` by the capability, `(q z + p) slope` by it and the log discriminability, and
    `(q z + p) z` by the latter; Gauss and Newton leave p out, too.
    Models are connected only through benchmarks, so the models' part of the matrix is diagonal. It is
    eliminated, block by block, which leaves one small system in the benchmarks' parameters for each draw.
    """
    n_draws, n_groups = theta.difficulty.shape
    ridge_slope = ridge * np.exp(2 * theta.log_slope)
    newton = damping[:, None] == 0
    grow = 1 + damping[:, None]
    item_gradient = np.concatenate([ridge * theta.difficulty, ridge_slope], axis=1)
    squares, mixed, slopes = (np.zeros((n_draws, n_groups)) for _ in range(3))
    system, right = np.zeros((n_draws, 2 * n_groups, 2 * n_groups)), np.zeros((n_draws, 2 * n_groups))
    eliminated = []
    for block, weight in scores:
        slope, log_odds, fraction = _predict(block, theta)
        of_scores = _derivatives(fraction, block.target, weight)
        capability = theta.capability[:, block.models]
        of_models = _of_models(of_scores, slope, capability, ridge)
        # A parameter at its bound that would move outwards stays there; for the others it is a constant.
        moves = ~_pushed_out(capability, of_models.pull, LIMIT_LOGITS)
        gradient = of_models.pull * moves
        level, sharp = block.groups, block.groups + n_groups
        item_gradient[:, level] -= (of_scores.pull * slope).sum(axis=2)
        item_gradient[:, sharp] += (of_scores.pull * log_odds).sum(axis=2)

        bends = newton & ~_is_flat(of_models)
        second = of_scores.square + of_scores.bend * bends[:, None, :]
        of_slope = second * log_odds + of_scores.pull * bends[:, None, :]
        of_level, of_both = second * slope**2, of_slope * slope
        squares[:, level] += of_level.sum(axis=2)
        mixed[:, level] += of_both.sum(axis=2)
        slopes[:, level] += (of_slope * log_odds).sum(axis=2)
        diagonal = (of_models.square + of_models.bend * bends) * grow
        cross = np.concatenate([-of_level, of_both], axis=1) * moves[:, None, :]
        scaled = cross / diagonal[:, None, :]
        both = np.concatenate([level, sharp])
        system[:, both[:, None], both] -= np.matmul(scaled, cross.transpose(0, 2, 1))
        right[:, both] += np.matmul(scaled, gradient[:, :, None])[:, :, 0]
        eliminated.append(_Eliminated(block, gradient, diagonal, cross))

    items = np.concatenate([theta.difficulty, theta.log_slope], axis=1)
    limit = np.repeat([LIMIT_LOGITS, LIMIT_LOG_SLOPE], n_groups)
    item_moves = ~_pushed_out(items, item_gradient, limit) & np.concatenate([np.ones_like(free), free])
    level, sharp = np.arange(n_groups), np.arange(n_groups) + n_groups
    system[:, level, level] += (squares + ridge) * grow
    system[:, sharp, sharp] += (slopes + ridge_slope * (1 + newton)) * grow
    system[:, level, sharp] -= mixed
    system[:, sharp, level] -= mixed
    # What stays has a row of its own, and no step.
    system *= (item_moves[:, :, None] & item_moves[:, None, :]) | np.eye(2 * n_groups, dtype=bool)
    right = (right - item_gradient) * item_moves
    item_step = np.linalg.solve(system, right[:, :, None])[:, :, 0]
    capability = np.empty_like(theta.capability)
    for block, gradient, diagonal, cross in eliminated:
        of_block = item_step.take(np.concatenate([block.groups, block.groups + n_groups]), axis=1)
        step = -(gradient + np.matmul(of_block[:, None, :], cross)[:, 0]) / diagonal
        capability[:, block.models] = theta.capability[:, block.models] + step
    items = np.clip(items + item_step, -limit, limit)
    capability = np.clip(capability, -LIMIT_LOGITS, LIMIT_LOGITS)
    return Parameters(capability, items[:, :n_groups], items[:, n_groups:])


def _settled(scores: Sequence[Weighted], here: Parameters, there: Parameters, ridge: float) -> Parameters:
    """What a step led to, but models that it left far from where they fit best, or in flat places, go from where they were to
    where they fit best."""
    capability = there.capability.copy()
    for block, weight in scores:
        slope, _, fraction = _predict(block, there)
        of_block = there.capability[:, block.models]
        of_models = _of_models(_derivatives(fraction, block.target, weight), slope, of_block, ridge)
        far = np.abs(of_models.pull) > FAR * (of_models.square + of_models.bend)
        moves = ~_pushed_out(of_block, of_models.pull, LIMIT_LOGITS)
        draws, models = np.nonzero(moves & (far | _is_flat(of_models)))
        if models.size:
            difficulty = there.difficulty.take(block.groups, axis=1)[draws].T
            start = here.capability[draws, block.models.start + models]
            scored = block.target[:, models], weight[draws, :, models].T
            found = _alone(*scored, difficulty, slope[draws, :, 0].T, start, ridge)
            capability[draws, block.models.start + models] = found
    return there._replace(capability=capability)


def _alone(target: Floats, weight: Floats, difficulty: Floats, slope: Floats, start: Floats, ridge: float) -> Floats:
    """The capabilities of single models (each a column of the other arrays, a benchmark a row) where the benchmarks stand
    still."""

    def predict(models: Places, capability: Floats) -> tuple[Floats, Floats]:
        fraction = _fraction(slope[:, models] * (capability - difficulty[:, models]))
        misfit = (weight[:, models] * (fraction - target[:, models]) ** 2).sum(axis=0)
        return fraction, misfit + ridge * capability**2

    capability, damping, moving = start.copy(), np.zeros(start.size), np.arange(start.size)
    fraction, loss = predict(moving, capability)
    for _ in range(MAX_STEPS):
        if not moving.size:
            break
        here = capability[moving]
        of_scores = _derivatives(fraction[:, moving], target[:, moving], weight[:, moving])
        of_models = _of_models(of_scores, slope[:, moving], here, ridge)
        # Where the loss falls to both sides, a step of the same size leads down.
        curvature = np.maximum(np.abs(of_models.square + of_models.bend), FLAT * of_models.square)
        step = np.clip(of_models.pull / (curvature * (1 + damping[moving])), -LONGEST, LONGEST)
        there = np.clip(here - step, -LIMIT_LOGITS, LIMIT_LOGITS)
        predicted, tried = predict(moving, there)
        better = tried <= loss[moving]
        gone = moving[better]
        capability[gone], fraction[:, gone], loss[gone] = there[better], predicted[:, better], tried[better]
        damping[moving] = _damped(damping[moving], better)
        moving = moving[np.abs(there - here) > SETTLED_ALONE]
    return capability


def _damped(damping: Floats, better: Bools) -> Floats:
    """The damping after steps of which some made the fit better."""
    damping = np.where(better, damping / 10, np.maximum(damping * 10, LEAST_DAMPING))
    return np.where(damping < LEAST_DAMPING, 0.0, damping)


def _pushed_out(values: Floats, gradient: Floats, limit: Floats | float) -> Bools:
    return np.asarray((np.abs(values) >= limit) & (values * gradient < 0))


def _connected(seen: Bools, anchor: int) -> Bools:
    """The models (draws x models) that a chain of shared benchmarks connects to the anchor."""
    groups = np.zeros(seen.shape[:2], dtype=bool)
    groups[:, anchor] = True
    while True:
        models = np.asarray((seen & groups[:, :, None]).any(axis=1))
        wider = np.asarray(groups | (seen & models[:, None, :]).any(axis=2))
        if np.array_equal(wider, groups):
            return models
        groups = wider
