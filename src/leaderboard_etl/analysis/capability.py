"""One capability per model from scores on many benchmarks, by item response theory as in the Epoch Capabilities Index.

`score = sigmoid(discriminability * (capability - difficulty))`, least squares on scores as fractions with an L2 penalty;
one benchmark has difficulty 0 and discriminability 1 and so carries the scale (https://github.com/epoch-research/eci-public).
Differences from that code: the anchor is the benchmark with the most models, and capabilities stay in logits of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leaderboard_etl.errors import UsageError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Resample = Literal["points", "benchmarks"]

PENALTY = 0.1  # on the mean square of all parameters, as in eci-public
CLIP = 1e-3  # fractions are kept inside [CLIP, 1 - CLIP], as in eci-public
LIMIT_LOGITS = 10.0  # bounds of eci-public: capability and difficulty within +-10, discriminability in 0.1..10
LIMIT_LOG_SLOPE = float(np.log(10.0))
INTERVAL = (0.05, 0.95)
MIN_MODELS = 3  # a difficulty and a discriminability fit any two models exactly and so tell them nothing
MIN_DRAWS_SHARE = 0.5  # an interval needs the model in at least this share of the draws
CELLS = 1_000_000  # draws are fitted together in parts of about this many cells, to bound memory
DECIMALS = 6  # what the solver's tolerance supports; more digits would differ between machines


@dataclass(frozen=True)
class CapabilityFit:
    """A fitted index. `draws_logits`: bootstrap draws x models, NaN where a draw cannot place the model; its columns are
    `model_ids`. `index` and `items` are the frames of `capability_index` and `item_parameters`."""

    index: pl.DataFrame
    items: pl.DataFrame
    model_ids: list[str]
    draws_logits: Floats


def fit_capability(
    points: pl.DataFrame,
    *,
    min_benchmarks: int = 3,
    draws: int = 100,
    seed: int = 12345,
    resample: Resample = "points",
) -> CapabilityFit:
    """Fit capabilities and item parameters together, with bootstrap draws.

    points: one row per model and comparable group (model_id, model, openness, released_on, comparable_group, score_pct,
    score_norm_pct); score_norm_pct is used where it is defined. Filter by population before.
    resample: "points" draws single scores, as the code of eci-public does; "benchmarks" draws whole benchmarks and keeps
    the anchor, without which a draw has no scale. Raises UsageError if a model has two rows in a group.
    """
    points = _checked(points)
    kept, reasons = _usable(points, min_benchmarks)
    model_ids, groups = sorted(kept["model_id"].unique()), sorted(kept["comparable_group"].unique())
    if not model_ids:
        return CapabilityFit(_index(points, reasons, {}, None), _items([], [], [], [], 0), [], np.empty((0, 0)))
    rows = kept["model_id"].replace_strict(model_ids, list(range(len(model_ids))), return_dtype=pl.Int64).to_numpy()
    cols = kept["comparable_group"].replace_strict(groups, list(range(len(groups))), return_dtype=pl.Int64).to_numpy()
    target = np.zeros((len(model_ids), len(groups)))
    target[rows, cols] = np.clip(kept["fraction"].to_numpy(), CLIP, 1 - CLIP)
    seen = np.zeros(target.shape)
    seen[rows, cols] = 1.0
    n_models = seen.sum(axis=0)
    anchor = int(np.argmax(n_models))  # the first by name of those with the most models

    capability, difficulty, log_slope = _fit(target, seen[None], anchor, _start(target, seen))
    start = (capability[0], difficulty[0], log_slope[0])
    drawn = _draw(target, seen, anchor, start, draws, np.random.default_rng(seed), resample)
    lo, hi = _interval(drawn)
    columns = {
        "capability": capability[0] - difficulty[0, anchor],
        "capability_lo": lo,
        "capability_hi": hi,
        "n_benchmarks": seen.sum(axis=1).astype(np.int64),
    }
    fitted = {name: dict(zip(model_ids, values.tolist(), strict=True)) for name, values in columns.items()}
    items = _items(groups, difficulty[0] - difficulty[0, anchor], np.exp(log_slope[0]), n_models.astype(int), anchor)
    return CapabilityFit(_index(points, reasons, fitted, groups[anchor]), items, model_ids, drawn)


def capability_index(points: pl.DataFrame, **options: Any) -> pl.DataFrame:
    """One row per model: model_id, model, openness, released_on, capability (logits of the anchor benchmark),
    capability_lo and capability_hi (90 % interval; null: too few draws), n_benchmarks (that the fit could use),
    anchor_group, refusal_reason (null: fitted). Options and errors as `fit_capability`."""
    return fit_capability(points, **options).index


def item_parameters(points: pl.DataFrame, **options: Any) -> pl.DataFrame:
    """One row per comparable group of the fit: comparable_group, difficulty (logits), discriminability (1 = that of the
    anchor), n_models, is_anchor. Options and errors as `fit_capability`."""
    return fit_capability(points, **(options | {"draws": 0})).items


def index_gap(
    fit: CapabilityFit,
    as_of: date,
    *,
    observed_through_open_on: date | None = None,
    observed_through_proprietary_on: date | None = None,
) -> pl.DataFrame:
    """One row: the best proprietary against the best open model, both released on or before the earliest of as_of and
    the two observed-through dates (null: not limited).

    Columns: compared_on, open_model_id, open_model, open_capability, the same for proprietary, gap_logits (proprietary
    minus open; negative: open leads), gap_lo, gap_hi (90 %, the best of each side found anew in every draw; null: no
    draws), n_open, n_proprietary, refusal_reason (null: measured). Models without a release date take no part.
    """
    limits = (observed_through_open_on, observed_through_proprietary_on)
    compared_on = min([as_of, *(limit for limit in limits if limit is not None)])
    eligible = fit.index.filter(pl.col("refusal_reason").is_null() & (pl.col("released_on") <= compared_on))
    place = {model_id: column for column, model_id in enumerate(fit.model_ids)}
    row: dict[str, Any] = {"compared_on": compared_on}
    best_draws: list[Floats] = []
    for openness, side in (("open_weights", "open"), ("proprietary", "proprietary")):
        models = eligible.filter(openness=openness).sort(["capability", "model_id"], descending=[True, False])
        best = models.row(0, named=True) if models.height else {}
        row |= {f"{side}_{name}": best.get(name) for name in ("model_id", "model", "capability")}
        row[f"n_{side}"] = models.height
        drawn = fit.draws_logits[:, [place[model_id] for model_id in models["model_id"]]]
        best_draws.append(np.where(np.isnan(drawn), -np.inf, drawn).max(axis=1, initial=-np.inf))
    missing = [side for side in ("open", "proprietary") if not row[f"n_{side}"]]
    gaps = best_draws[1] - best_draws[0] if not missing else np.empty(0)
    gaps = gaps[np.isfinite(gaps)]
    lo, hi = np.quantile(gaps, INTERVAL) if gaps.size else (None, None)
    row["gap_logits"] = None if missing else row["proprietary_capability"] - row["open_capability"]
    row["gap_lo"] = None if lo is None else round(float(lo), DECIMALS)
    row["gap_hi"] = None if hi is None else round(float(hi), DECIMALS)
    row["refusal_reason"] = f"no {' and no '.join(missing)} model with a capability and a date" if missing else None
    return pl.DataFrame([row], schema=_GAP_SCHEMA)


_GAP_SCHEMA: dict[str, pl.DataType] = {
    "compared_on": pl.Date(),
    "open_model_id": pl.String(),
    "open_model": pl.String(),
    "open_capability": pl.Float64(),
    "proprietary_model_id": pl.String(),
    "proprietary_model": pl.String(),
    "proprietary_capability": pl.Float64(),
    "gap_logits": pl.Float64(),
    "gap_lo": pl.Float64(),
    "gap_hi": pl.Float64(),
    "n_open": pl.Int64(),
    "n_proprietary": pl.Int64(),
    "refusal_reason": pl.String(),
}


def _checked(points: pl.DataFrame) -> pl.DataFrame:
    """Points with a fraction, in an order of their own."""
    columns = ["model_id", "model", "openness", "released_on", "comparable_group"]
    points = points.select(
        *columns, fraction=pl.coalesce(pl.col("score_norm_pct", "score_pct").fill_nan(None)).cast(pl.Float64) / 100
    ).sort("model_id", "comparable_group")
    twice = points.filter(pl.struct("model_id", "comparable_group").is_duplicated())
    if twice.height:
        raise UsageError(
            f"{twice['model_id'][0]} has more than one row in {twice['comparable_group'][0]}: an index needs one score per "
            "model and comparable group. Take them from mart.model_scaling."
        )
    return points


def _usable(points: pl.DataFrame, min_benchmarks: int) -> tuple[pl.DataFrame, dict[str, str]]:
    """The scores that can be compared with one another, and why the other models are refused."""
    kept, height = points.filter(pl.col("fraction").is_not_null()), -1
    while kept.height != height:
        height = kept.height
        kept = kept.filter(pl.len().over("comparable_group") >= MIN_MODELS)
        kept = kept.filter(pl.len().over("model_id") >= min_benchmarks)
    usable = dict(kept.group_by("model_id").len().iter_rows())
    reasons = {
        model_id: f"fewer than {min_benchmarks} benchmarks that at least {MIN_MODELS} such models share"
        for model_id in points["model_id"].unique()
        if model_id not in usable
    }
    island = _islands(kept)
    sizes = island.group_by("island").len().sort(["len", "island"], descending=[True, False])
    for model_id, name in island.iter_rows():
        if name != sizes["island"][0]:
            reasons[model_id] = f"shares no benchmark, directly or through others, with the {sizes['len'][0]} models compared"
    return kept.filter(~pl.col("model_id").is_in(list(reasons))), reasons


def _islands(points: pl.DataFrame) -> pl.DataFrame:
    """model_id and the first model_id of the connected part of the model-benchmark graph that it is in."""
    labels = points.select("model_id", "comparable_group", island=pl.col("model_id"))
    while True:
        spread = labels.with_columns(island=pl.col("island").min().over("comparable_group"))
        spread = spread.with_columns(island=pl.col("island").min().over("model_id"))
        if spread.equals(labels):
            return labels.select("model_id", "island").unique(maintain_order=True)
        labels = spread


def _start(target: Floats, seen: Floats) -> tuple[Floats, Floats, Floats]:
    """Capabilities and difficulties that add up to the log-odds, all benchmarks equally sharp."""
    logit = np.where(seen > 0, np.log(np.clip(target, CLIP, 1) / np.clip(1 - target, CLIP, 1)), 0.0)
    difficulty = np.zeros(target.shape[1])
    for _ in range(10):
        capability = (logit + difficulty * seen).sum(axis=1) / seen.sum(axis=1)
        difficulty = (capability[:, None] * seen - logit).sum(axis=0) / seen.sum(axis=0)
    return capability, difficulty, np.zeros(target.shape[1])


def _fit(
    target: Floats, weight: Floats, anchor: int, start: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Least squares for every draw of `weight` (draws x models x benchmarks) at once: capability (draws x models),
    difficulty and log discriminability (draws x benchmarks).

    Levenberg-Marquardt. Models meet only through benchmarks, so the models' part of the normal matrix is diagonal and is
    eliminated: what is solved is one small system in the benchmarks per draw.
    """
    n_draws, n_models, n_groups = weight.shape
    ridge = PENALTY / (n_models + 2 * n_groups - 1)
    theta = [np.repeat(part[None], n_draws, axis=0) for part in start]
    damping = np.full(n_draws, 1e-2)
    open_ = np.arange(n_draws)  # draws still moving
    free = np.arange(n_groups) != anchor
    loss = _loss(target, weight, theta, ridge, free)
    for _ in range(200):
        if not open_.size:
            break
        moved = _step(target, weight[open_], [part[open_] for part in theta], ridge, free, damping[open_])
        tried = _loss(target, weight[open_], moved, ridge, free)
        better = tried <= loss[open_]
        taken = open_[better]
        for part, new in zip(theta, moved, strict=True):
            part[taken] = new[better]
        gain = loss[open_] - tried
        loss[taken] = tried[better]
        damping[open_] = np.clip(damping[open_] * np.where(better, 0.2, 8.0), 1e-9, 1e9)
        done = (better & (gain <= 1e-10 * tried)) | (damping[open_] >= 1e9)
        open_ = open_[~done]
    return theta[0], theta[1], theta[2]


def _predict(theta: list[Floats]) -> tuple[Floats, Floats, Floats]:
    slope = np.exp(theta[2])[:, None, :]
    logit = slope * (theta[0][:, :, None] - theta[1][:, None, :])
    return slope, logit, 0.5 * (1 + np.tanh(0.5 * logit))


def _loss(target: Floats, weight: Floats, theta: list[Floats], ridge: float, free: Bools) -> Floats:
    fraction = _predict(theta)[2]
    size = (theta[0] ** 2).sum(axis=1) + (theta[1] ** 2).sum(axis=1) + (np.exp(2 * theta[2]) * free).sum(axis=1)
    total: Floats = (weight * (fraction - target) ** 2).sum(axis=(1, 2)) + ridge * size
    return total


def _step(
    target: Floats, weight: Floats, theta: list[Floats], ridge: float, free: Bools, damping: Floats
) -> list[Floats]:
    """One damped Gauss-Newton step from every draw, kept within the bounds."""
    slope, logit, fraction = _predict(theta)
    steep = fraction * (1 - fraction)
    by_level, by_slope = steep * slope, steep * logit * free  # of the prediction: d/d capability, d/d log slope
    pull = weight * (fraction - target)
    ridge_slope = np.where(free, ridge * np.exp(2 * theta[2]), 0.0)
    grow = 1 + damping[:, None]

    model_gradient = (pull * by_level).sum(axis=2) + ridge * theta[0]
    item_gradient = np.concatenate(
        [-(pull * by_level).sum(axis=1) + ridge * theta[1], (pull * by_slope).sum(axis=1) + ridge_slope], axis=1
    )
    weighted = weight * by_level
    cross = np.concatenate([-weighted * by_level, weighted * by_slope], axis=2)  # draws x models x 2 benchmarks
    model_diagonal = (-cross[:, :, : free.size].sum(axis=2) + ridge) * grow
    difficulty_diagonal = (-cross[:, :, : free.size].sum(axis=1) + ridge) * grow
    slope_diagonal = np.where(free, ((weight * by_slope**2).sum(axis=1) + ridge_slope) * grow, 1.0)
    mixed = -cross[:, :, free.size :].sum(axis=1)

    scaled = cross / model_diagonal[:, :, None]
    system = -np.matmul(scaled.transpose(0, 2, 1), cross)
    first, second = np.arange(free.size), np.arange(free.size) + free.size
    system[:, first, first] += difficulty_diagonal
    system[:, second, second] += slope_diagonal
    system[:, first, second] += mixed
    system[:, second, first] += mixed
    right = -item_gradient + np.einsum("dmk,dm->dk", scaled, model_gradient)
    item_step = np.linalg.solve(system, right[:, :, None])[:, :, 0]
    model_step = -(model_gradient + np.einsum("dmk,dk->dm", cross, item_step)) / model_diagonal
    return [
        np.clip(theta[0] + model_step, -LIMIT_LOGITS, LIMIT_LOGITS),
        np.clip(theta[1] + item_step[:, : free.size], -LIMIT_LOGITS, LIMIT_LOGITS),
        np.clip(theta[2] + item_step[:, free.size :], -LIMIT_LOG_SLOPE, LIMIT_LOG_SLOPE),
    ]


def _draw(
    target: Floats,
    seen: Floats,
    anchor: int,
    start: tuple[Floats, Floats, Floats],
    draws: int,
    rng: np.random.Generator,
    resample: Resample,
) -> Floats:
    """Capabilities of all draws (draws x models); NaN where the draw does not tie the model to the anchor."""
    rows, cols = np.nonzero(seen)
    others = np.flatnonzero(np.arange(seen.shape[1]) != anchor)
    parts = []
    batch = max(1, CELLS // seen.size)
    for size in [min(batch, draws - done) for done in range(0, draws, batch)]:
        weight = np.repeat(seen[None], size, axis=0)
        if resample == "points":
            weight[:, rows, cols] = rng.multinomial(rows.size, np.full(rows.size, 1 / rows.size), size=size)
        elif others.size:
            weight[:, :, others] *= rng.multinomial(others.size, np.full(others.size, 1 / others.size), size=size)[:, None]
        capability, difficulty, _ = _fit(target, weight, anchor, start)
        tied = _tied(weight > 0, anchor)
        parts.append(np.where(tied, capability - difficulty[:, [anchor]], np.nan))
    return np.concatenate(parts) if parts else np.empty((0, seen.shape[0]))


def _tied(seen: Bools, anchor: int) -> Bools:
    """Models (draws x models) that a chain of shared benchmarks ties to the anchor."""
    groups = np.zeros((seen.shape[0], seen.shape[2]), dtype=bool)
    groups[:, anchor] = True
    while True:
        models: Bools = (seen & groups[:, None, :]).any(axis=2)
        wider = groups | (seen & models[:, :, None]).any(axis=1)
        if (wider == groups).all():
            return models
        groups = wider


def _interval(drawn: Floats) -> tuple[Floats, Floats]:
    """90 % percentile interval of each column; NaN where too few draws placed the model."""
    lo, hi = np.full(drawn.shape[1], np.nan), np.full(drawn.shape[1], np.nan)
    placed = (~np.isnan(drawn)).sum(axis=0)
    enough = placed >= max(2, MIN_DRAWS_SHARE * drawn.shape[0])
    if enough.any():
        lo[enough], hi[enough] = np.nanquantile(drawn[:, enough], INTERVAL, axis=0)
    return lo, hi


def _index(
    points: pl.DataFrame, reasons: dict[str, str], fitted: dict[str, dict[str, Any]], anchor_group: str | None
) -> pl.DataFrame:
    models = points.group_by("model_id", maintain_order=True).agg(
        pl.col("model", "openness", "released_on").first(), n_seen=pl.col("fraction").count().cast(pl.Int64)
    )
    number = {
        name: pl.col("model_id").replace_strict(fitted.get(name, {}), default=None, return_dtype=pl.Float64)
        for name in ("capability", "capability_lo", "capability_hi")
    }
    return models.select(
        "model_id",
        "model",
        "openness",
        "released_on",
        *(expression.fill_nan(None).round(DECIMALS).alias(name) for name, expression in number.items()),
        n_benchmarks=pl.col("model_id").replace_strict(
            fitted.get("n_benchmarks", {}), default=pl.col("n_seen"), return_dtype=pl.Int64
        ),
        anchor_group=pl.lit(anchor_group, dtype=pl.String),
        refusal_reason=pl.col("model_id").replace_strict(reasons, default=None, return_dtype=pl.String),
    ).sort(["capability", "model_id"], descending=[True, False], nulls_last=True)


def _items(groups: list[str], difficulty: Any, slope: Any, n_models: Any, anchor: int) -> pl.DataFrame:
    schema = {"comparable_group": pl.String, "difficulty": pl.Float64, "discriminability": pl.Float64, "n_models": pl.Int64}
    frame = pl.DataFrame([groups, list(difficulty), list(slope), list(n_models)], schema=schema)
    return frame.with_columns(
        pl.col("difficulty", "discriminability").round(DECIMALS),
        is_anchor=pl.int_range(pl.len()) == anchor,
    ).sort("comparable_group")
