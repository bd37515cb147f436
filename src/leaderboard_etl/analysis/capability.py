"""Estimates one capability per model from its scores on many benchmarks, as the Epoch Capabilities Index does.

The method is that of https://github.com/epoch-research/eci-public; see `item_response`. Four things differ: the anchor
is the benchmark with the most models; capabilities stay in logits of that anchor (no model is set to 130 or 150); a
model needs 3 benchmarks instead of 4; and the penalty is a tenth of theirs. As there, a 90 % interval comes from
drawing single scores with replacement.

In simulated worlds of 60 models with 3 to 8 noisy scores each (bench/coverage.py) the interval contained the true
capability of 85 % of the models, and the gap between the two best in 87 % of the worlds, at the right scale. With
Epoch's penalty it contained 75 % and 83 %, and the scale shrank by 6 %. So the interval is a little too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from leaderboard_etl.analysis.item_response import PENALTY, Floats, NotSettledError, draw_capabilities, fit
from leaderboard_etl.errors import UsageError

SEED = 12345  # that of eci-public
INTERVAL = (0.05, 0.95)
# Difficulty and discriminability fit any two models exactly, so a benchmark with two models carries no information.
MIN_MODELS = 3
MIN_PLACED_SHARE = 0.5  # share of the draws that must measure a model before it gets an interval
_MODELS_AT_ONCE = 1_000
DECIMALS = 6  # what the solver's tolerance supports


@dataclass(frozen=True)
class CapabilityFit:
    """The result of one fit.

    `index` has one row per model, the most capable model first:

    model_id, model, openness, released_on (null: unknown), capability (logits of the anchor; null: refused), capability_lo and
    capability_hi (90 % interval; null: refused, or too few draws), n_benchmarks (used by the fit; for a refused model: with a
    score), anchor_group, refusal_reason (null: fitted).

    `items` has one row per comparable group of the fit:

    comparable_group, difficulty (logits of the anchor), discriminability (1: as sharp as the anchor), n_models, is_anchor.

    `leader_ids` are the models that were the most capable of their openness on some day; `draws_logits` their capabilities in the
    bootstrap draws (draws x `leader_ids`), NaN where a draw cannot measure the model. Those of all models would be most of what a
    process holds of a large fit.
    """

    index: pl.DataFrame
    items: pl.DataFrame
    leader_ids: list[str]
    draws_logits: Floats


def fit_capability(
    points: pl.DataFrame, *, min_benchmarks: int = 3, draws: int = 100, seed: int = SEED, penalty: float = PENALTY
) -> CapabilityFit:
    """Estimates the capabilities of the models and the parameters of the benchmarks.

    `points` has one row per model and comparable_group with the columns of mart.model_scaling. The fit uses
    score_norm_pct where it is defined, else score_pct. All models in `points` take part, so filter on population
    before. `penalty` is the weight of the mean square of the parameters in the loss.

    If no single fit explains the scores, every model is refused with that reason. Raises UsageError if a model has two
    rows in a group.
    """
    points = _checked(points)
    kept, refused = _comparable(points, min_benchmarks)
    model_ids, groups = kept["model_id"].unique().sort().to_list(), kept["comparable_group"].unique().sort().to_list()
    if not model_ids:
        return CapabilityFit(_index(points, refused, [], None), _items([], [], [], [], 0), [], np.empty((draws, 0)))
    at = (_position(kept["model_id"], model_ids), _position(kept["comparable_group"], groups))
    target = np.zeros((len(model_ids), len(groups)))
    seen = np.zeros(target.shape)
    target[at], seen[at] = kept["fraction"].to_numpy(), 1.0
    anchor = int(seen.sum(axis=0).argmax())  # the first by name of those with the most models

    try:
        theta = fit(target, seen, anchor, penalty)
    except NotSettledError as error:
        refused |= dict.fromkeys(model_ids, str(error))
        return CapabilityFit(_index(points, refused, [], None), _items([], [], [], [], 0), [], np.empty((draws, 0)))
    drawn = draw_capabilities(target, seen, anchor, theta, draws, np.random.default_rng(seed), penalty)
    lo, hi = _interval(drawn)
    fitted = [model_ids, theta.capability[0], lo, hi, seen.sum(axis=1).astype(np.int64)]
    items = _items(groups, theta.difficulty[0], np.exp(theta.log_slope[0]), seen.sum(axis=0).astype(np.int64), anchor)
    index = _index(points, refused, fitted, groups[anchor])
    leaders = _leaders(index)
    return CapabilityFit(index, items, leaders, drawn[:, np.searchsorted(model_ids, leaders)])


def index_gap(
    fitted: CapabilityFit,
    as_of: date,
    *,
    observed_through_open_on: date | None = None,
    observed_through_proprietary_on: date | None = None,
) -> pl.DataFrame:
    """Compares the best proprietary with the best open model released on or before compared_on; one row.

    compared_on is the earliest of as_of and the two observed-through dates (None: no limit). Models without a release
    date are left out.

    Columns: compared_on; open_model_id, open_model, open_capability (logits) and the same for proprietary; gap_logits
    (proprietary minus open; negative: open leads; null: refused); gap_lo and gap_hi (90 % interval of the gap between these
    two models in the same draws; null: refused, or too few draws); n_open, n_proprietary; refusal_reason (null: measured).
    """
    limits = (observed_through_open_on, observed_through_proprietary_on)
    compared_on = min(as_of, *(limit for limit in limits if limit is not None)) if any(limits) else as_of
    models = fitted.index.filter(pl.col("capability").is_not_null() & (pl.col("released_on") <= compared_on))
    row: dict[str, Any] = {"compared_on": compared_on}
    for openness, side in (("open_weights", "open"), ("proprietary", "proprietary")):
        best = models.filter(pl.col("openness") == openness)  # the index begins with the most capable
        for name in ("model_id", "model", "capability"):
            row[f"{side}_{name}"] = best[name][0] if best.height else None
        row[f"n_{side}"] = best.height
    missing = [side for side in ("open", "proprietary") if not row[f"n_{side}"]]
    row |= {"gap_logits": None, "gap_lo": None, "gap_hi": None, "refusal_reason": None}
    if missing:
        row["refusal_reason"] = f"no {' and no '.join(missing)} model with a capability and a date by {compared_on}"
    else:
        first, second = (fitted.leader_ids.index(row[f"{side}_model_id"]) for side in ("proprietary", "open"))
        lo, hi = _interval(fitted.draws_logits[:, [first]] - fitted.draws_logits[:, [second]])
        row["gap_logits"] = row["proprietary_capability"] - row["open_capability"]
        row |= {"gap_lo": float(lo[0]), "gap_hi": float(hi[0])}
    frame = pl.DataFrame([row]).select(_GAP_COLUMNS)
    text = [name for name in _GAP_COLUMNS if name.endswith(("_model_id", "_model", "_reason"))]
    numbers = [name for name in _GAP_COLUMNS if name.endswith(("_capability", "_logits", "_lo", "_hi"))]
    return frame.with_columns(
        pl.col(text).cast(pl.String), pl.col(numbers).cast(pl.Float64).fill_nan(None).round(DECIMALS)
    )


_GAP_COLUMNS = [
    "compared_on",
    *(f"{side}_{name}" for side in ("open", "proprietary") for name in ("model_id", "model", "capability")),
    *("gap_logits", "gap_lo", "gap_hi", "n_open", "n_proprietary", "refusal_reason"),
]


def _checked(points: pl.DataFrame) -> pl.DataFrame:
    """The columns of `points` that the fit needs, sorted, so that the order of the input does not matter."""
    fraction = pl.coalesce(pl.col("score_norm_pct", "score_pct").cast(pl.Float64).fill_nan(None)) / 100
    points = points.select("model_id", "model", "openness", "released_on", "comparable_group", fraction=fraction)
    points = points.sort("model_id", "comparable_group")
    twice = points.filter(pl.struct("model_id", "comparable_group").is_duplicated())
    if twice.height:
        raise UsageError(
            f"{twice['model_id'][0]} has more than one row in {twice['comparable_group'][0]}: a capability index needs one "
            "score per model and comparable group. Use the rows of mart.model_scaling."
        )
    return points


def _comparable(points: pl.DataFrame, min_benchmarks: int) -> tuple[pl.DataFrame, dict[str, str]]:
    """The scores that can be compared with one another, and for each other model why it is refused."""
    kept, height = points.filter(pl.col("fraction").is_not_null()), -1
    while kept.height != height:  # removing a model may leave a benchmark too few models, and vice versa
        height = kept.height
        kept = kept.filter(pl.len().over("comparable_group") >= MIN_MODELS)
        kept = kept.filter(pl.len().over("model_id") >= min_benchmarks)
    usable = pl.col("fraction").is_not_null() & pl.col("comparable_group").is_in(
        kept["comparable_group"].unique().to_list()
    )
    refused = {
        model_id: f"has scores in {count} benchmarks that can be compared; at least {min_benchmarks} are needed"
        for model_id, count in points.group_by("model_id").agg(usable.sum()).iter_rows()
    }
    island = _islands(kept)
    largest = island.group_by("island").len().sort(["len", "island"], descending=[True, False]).head(1)
    for model_id, name in island.iter_rows():
        if name == largest["island"][0]:
            del refused[model_id]
        else:
            refused[model_id] = f"no chain of shared benchmarks leads to the {largest['len'][0]} models compared here"
    return kept.filter(~pl.col("model_id").is_in(list(refused))), refused


def _islands(points: pl.DataFrame) -> pl.DataFrame:
    """For each model_id the first model_id of its connected part of the graph of models and benchmarks."""
    labels = points.select("model_id", "comparable_group", island=pl.col("model_id"))
    while True:
        wider = labels.with_columns(pl.col("island").min().over("comparable_group"))
        wider = wider.with_columns(pl.col("island").min().over("model_id"))
        if wider.equals(labels):
            return labels.select("model_id", "island").unique(maintain_order=True)
        labels = wider


def _leaders(index: pl.DataFrame) -> list[str]:
    """The models of an index that nobody more capable of their openness came before, or on the same day."""
    dated = index.drop_nulls(["capability", "released_on"])
    before = pl.col("released_on").cum_min().shift(1).over("openness")
    return dated.filter(before.is_null() | (pl.col("released_on") < before))["model_id"].to_list()


def _position(names: pl.Series, ordered: list[str]) -> Any:
    return names.replace_strict(ordered, list(range(len(ordered))), return_dtype=pl.Int64).to_numpy()


def _interval(drawn: Floats) -> tuple[Floats, Floats]:
    """The 90 % percentile interval of each column; NaN where too few draws placed the model."""
    lo, hi = np.full(drawn.shape[1], np.nan), np.full(drawn.shape[1], np.nan)
    # Quantiles of all models at once would need two copies of the draws.
    for first in range(0, drawn.shape[1], _MODELS_AT_ONCE):
        part = drawn[:, first : first + _MODELS_AT_ONCE]
        n_placed = (~np.isnan(part)).sum(axis=0)
        # Models with as many draws are taken together: numpy would take one after another where some are missing.
        for n in np.unique(n_placed[n_placed >= max(2.0, MIN_PLACED_SHARE * drawn.shape[0])]):
            models = np.flatnonzero(n_placed == n)
            placed = np.sort(part[:, models], axis=0)[:n]  # those that are missing come last
            lo[first + models], hi[first + models] = np.quantile(placed, INTERVAL, axis=0)
    return lo, hi


def _index(
    points: pl.DataFrame, refused: dict[str, str], fitted: Sequence[Any], anchor_group: str | None
) -> pl.DataFrame:
    numbers = ["capability", "capability_lo", "capability_hi"]
    schema = {"model_id": pl.String, **dict.fromkeys(numbers, pl.Float64), "n_benchmarks": pl.Int64}
    models = points.group_by("model_id", maintain_order=True).agg(
        pl.col("model", "openness", "released_on").first(), n_scores=pl.col("fraction").count().cast(pl.Int64)
    )
    return (
        models.join(pl.DataFrame(list(fitted) or None, schema=schema), on="model_id", how="left")
        .with_columns(
            pl.col(numbers).fill_nan(None).round(DECIMALS),
            pl.coalesce("n_benchmarks", "n_scores").alias("n_benchmarks"),
            anchor_group=pl.lit(anchor_group, dtype=pl.String),
            refusal_reason=pl.col("model_id").replace_strict(refused, default=None, return_dtype=pl.String),
        )
        .drop("n_scores")
        .sort(["capability", "model_id"], descending=[True, False], nulls_last=True)
    )


def _items(groups: list[str], difficulty: Any, slope: Any, n_models: Any, anchor: int) -> pl.DataFrame:
    schema = {
        "comparable_group": pl.String,
        "difficulty": pl.Float64,
        "discriminability": pl.Float64,
        "n_models": pl.Int64,
    }
    frame = pl.DataFrame([groups, difficulty, slope, n_models], schema=schema)
    return frame.with_columns(
        pl.col("difficulty", "discriminability").round(DECIMALS), is_anchor=pl.int_range(pl.len()) == anchor
    )
