"""Estimates the size of a dense model of the same era with the same score, which shows what a mixture of experts saves.

The curve is our own fit of score against size over the dense open models of the model's era, because two years of
progress move the line further than a factor of ten in size does. If no size may be read off the line of the era (Readable), the
line of all eras is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from leaderboard_etl.analysis.readable import Readable
from leaderboard_etl.analysis.scaling import INTERVAL, NORM_BOUNDS, FitCase, Floats, Line, cases, era_key, log_odds

SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("model_id", "model", "comparable_group", "benchmark", "era"), pl.String),
    **dict.fromkeys(("params_active_b", "score_norm_pct"), pl.Float64),
    **dict.fromkeys(("equivalent_params_b", "equivalent_lo_b", "equivalent_hi_b"), pl.Float64),
    **dict.fromkeys(("single_lo_b", "single_hi_b"), pl.Float64),
    **dict.fromkeys(("at_least_b", "at_most_b", "times_active", "times_active_lo", "times_active_hi"), pl.Float64),
    "curve_n": pl.Int64,
    **dict.fromkeys(("curve_r2", "curve_min_params_b", "curve_max_params_b"), pl.Float64),
    "reason": pl.String,
}
# The normal quantile of a 90 % interval.
_Z90 = 1.6449
_NO_CURVE = "no line of dense open models to read a size off"


def dense_equivalents(
    points: pl.DataFrame, dense: pl.DataFrame, readable: Readable, *, draws: int = 400, seed: int
) -> pl.DataFrame:
    """One row per open-weights point with a known active size (columns as in SCHEMA).

    `points` and `dense` are rows of mart.model_scaling with family; the open-weights models of `dense` make the curves, of which
    `readable` says which count.

    era: of the curve. equivalent_params_b: the size at which the curve has the model's score, in billions. equivalent_lo_b,
    equivalent_hi_b: 90 % interval of the curve there (draws of families), limited to the sizes in the data. single_lo_b,
    single_hi_b: between which sizes nine in ten single dense models have that score; null: that end is beyond the sizes in the
    data, and then there is no equivalent, because dense models themselves would be misplaced without limit. at_least_b,
    at_most_b: if the score lies beyond the curve, the size at which the curve ends, because the line is not extended.
    times_active: the equivalent divided by params_active_b. reason: why
    equivalent_params_b is null.
    """
    lines = {
        (case.keys["comparable_group"], case.keys["era"]): case
        for case in cases(dense.filter(openness="open_weights"), {"total": draws}, seed)
        if case.keys["openness"] == "open_weights"
    }
    faults = {key: _why_not(case, readable) for key, case in lines.items()}
    sized = points.filter(pl.col("openness") == "open_weights", pl.col("params_active_b") > 0).select(
        "model_id", "model", "comparable_group", "benchmark", "params_active_b", "score_norm_pct",
        era_key().fill_null("all").alias("era"), log_odds().alias("y"),
    )  # fmt: skip
    rows = []
    for row in sized.sort("comparable_group", "model_id").iter_rows(named=True):
        group, y = row["comparable_group"], row.pop("y")
        tried = list(dict.fromkeys([(group, row["era"]), (group, "all")]))
        case = next((lines[key] for key in tried if key in lines and faults[key] is None), None)
        if case is None:
            said = [f"{era}: {faults[group, era]}" for _, era in tried if faults.get((group, era))]
            rows.append({**row, "era": None, "reason": "; ".join([_NO_CURVE, *said])})
        else:
            rows.append({**row, **_read_off(row, y, case)})
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _why_not(case: FitCase, readable: Readable) -> str | None:
    line, n_families = case.line, case.counts["n_families"]
    if line is None:
        return readable.why_not(case.refusal_reason, n_families, None, None)
    return readable.why_not(None, n_families, float(line.interval(line.slopes)[0]), line.r2)


def _read_off(row: dict[str, Any], y: float | None, case: FitCase) -> dict[str, Any]:
    assert case.line is not None and case.size_range is not None
    least, greatest = case.size_range
    columns = {
        "era": case.keys["era"],
        "curve_n": case.counts["n"],
        "curve_r2": case.line.r2,
        "curve_min_params_b": least,
        "curve_max_params_b": greatest,
    }
    if y is None:
        return columns | {"reason": "no baseline-corrected score"}
    if not NORM_BOUNDS[0] < row["score_norm_pct"] / 100 < NORM_BOUNDS[1]:
        return columns | {"reason": "score too near guessing or ceiling"}
    size = 10 ** ((y - case.line.intercept) / case.line.slope)
    if size > greatest:
        return columns | {"at_least_b": greatest, "reason": "score above the curve at the largest dense size seen"}
    if size < least:
        return columns | {"at_most_b": least, "reason": "score below the curve at the smallest dense size seen"}
    single_lo, single_hi = _sizes_with(case.line, y)
    columns |= {"single_lo_b": single_lo if single_lo >= least else None}
    columns |= {"single_hi_b": single_hi if single_hi <= greatest else None}
    ends = [name for name, end in (("lower", columns["single_lo_b"]), ("upper", columns["single_hi_b"])) if end is None]
    if ends:
        return columns | {
            "reason": f"dense models of this score scatter beyond the sizes seen: no {' or '.join(ends)} end"
        }
    lo, hi = np.clip(_drawn_sizes(case, y), least, greatest)
    sizes = {"equivalent_params_b": float(size), "equivalent_lo_b": float(lo), "equivalent_hi_b": float(hi)}
    times = [value / row["params_active_b"] for value in sizes.values()]
    return columns | sizes | dict(zip(("times_active", "times_active_lo", "times_active_hi"), times, strict=True))


def _drawn_sizes(case: FitCase, y: float) -> Floats:
    """The 90 % interval of the size at which the drawn lines have log-odds y. A falling line never reaches them:
    infinite size."""
    assert case.line is not None
    slopes, intercepts = case.line.slopes, case.line.intercepts
    rises = slopes > 0
    exponents = np.where(rises, (y - intercepts) / np.where(rises, slopes, 1.0), np.inf)
    drawn = exponents[np.isfinite(slopes)]
    return np.asarray(10 ** np.minimum(np.quantile(drawn, np.array(INTERVAL) / 100, method="inverted_cdf"), 300.0))


def _sizes_with(line: Line, y: float) -> tuple[float, float]:
    """The sizes, in billions, of dense models that have log-odds y in nine of ten cases: those at which y lies in the 90 %
    prediction interval, whose variance is that of the drawn lines and that of single models around the line (Fieller 1954, as for
    a calibration curve). No size has an end if the slope may be 0.
    """
    drawn = np.isfinite(line.slopes)
    slopes, intercepts = line.slopes[drawn], line.intercepts[drawn]
    (of_intercept, both), (_, of_slope) = np.cov(intercepts, slopes)
    z2, over = _Z90**2, y - line.intercept
    # The ends solve (over - slope x)^2 = z^2 (residual variance + variance of the line at x).
    square = line.slope**2 - z2 * of_slope
    if square <= 0:
        return 0.0, np.inf
    half = over * line.slope + z2 * both
    root = np.sqrt(max(half**2 - square * (over**2 - z2 * (line.residual_sd**2 + of_intercept)), 0.0))
    lo, hi = 10 ** np.clip((np.array([half - root, half + root])) / square, -300.0, 300.0)
    return float(lo), float(hi)
