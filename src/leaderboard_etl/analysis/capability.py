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
