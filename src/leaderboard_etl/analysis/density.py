"""Capability density relative to our own fitted curve, and the smallest open model that reaches a score.

The densing law (arXiv 2412.04315) defines density as the size that a reference model needs for a model's score, divided
by the model's own size. That paper fits its reference curve on models trained for the purpose. Here the reference is
our own line of score against size over the open models of the same group: a density of 1 is typical of that line. So
values of different groups, or of the paper, cannot be compared.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from leaderboard_etl.analysis.readable import Readable
from leaderboard_etl.analysis.scaling import INTERVAL, MIN_FAMILIES, NORM_BOUNDS, family_key, log_odds

MIN_RECORDS = 4
# As in the densing law. Earlier models score so near guessing that chance sets records that last for years: GPT-2 (2019, 124
# million parameters) held the record on MMLU for almost four years.
FRONTIER_SINCE = date(2023, 1, 1)
_COLUMNS = (
    "model_id", "model", "family", "comparable_group", "benchmark", "released_on", "form", "params_b",
    "equivalent_params_b", "relative_density", "reason",
)  # fmt: skip
# What the frontier asks of a density.
FRONTIER_COLUMNS = (
    "model_id", "family", "comparable_group", "benchmark", "released_on", "form", "relative_density",
)  # fmt: skip
FRONTIER_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(("comparable_group", "benchmark", "form"), pl.String()),
    **dict.fromkeys(("doubling_days", "doubling_days_lo", "doubling_days_hi"), pl.Float64()),
    **dict.fromkeys(("n", "n_points", "n_families"), pl.Int64()),
    **dict.fromkeys(("first_on", "last_on"), pl.Date()),
    "refusal_reason": pl.String(),
}


def capability_density(points: pl.DataFrame, fits: pl.DataFrame, readable: Readable) -> pl.DataFrame:
    """For each open-weights point: the size of a typical open model with the same score, divided by the point's own
    size.

    The curve is the group's fit over all eras (openness open_weights), in active parameters if it exists, else in total
    ones, of those that `readable` allows.

    form: which parameters the curve uses; null: no curve. family: the cluster for bootstraps. params_b: the model's size in
    that form, billions. equivalent_params_b: the size at which the line has the model's score. relative_density: the
    equivalent divided by the own size. reason: why both are null (no curve, no size, no baseline-corrected score, or a score
    outside the fitted sizes).
    """
    lines = fits.filter(pl.col("openness") == "open_weights", pl.col("era") == "all", pl.col("form") != "compute")
    is_readable = [
        readable.why_not(*line) is None
        for line in lines.select("refusal_reason", "n_families", "slope_lo", "r2").iter_rows()
    ]
    curves = (
        lines.filter(pl.Series(is_readable, dtype=pl.Boolean))
        .sort("comparable_group", "form")  # active comes before total
        .unique("comparable_group", keep="first", maintain_order=True)
        .select("comparable_group", "form", "slope", "intercept", "min_params_b", "max_params_b")
    )
    score, equivalent = pl.col("score_norm_pct"), pl.col("equivalent_params_b")
    size = pl.when(pl.col("form") == "active").then("params_active_b").otherwise("params_b")
    reason = (
        pl.when(pl.col("form").is_null()).then(pl.lit("no line of dense open models to read a size off"))
        .when(score.is_null()).then(pl.lit("no baseline-corrected score"))
        .when(pl.col("params_b").is_null()).then(pl.format("{} size unknown", "form"))
        .when((score / 100).is_between(*NORM_BOUNDS, closed="none").not_()).then(pl.lit("score too near guessing or ceiling"))
        .when(equivalent < pl.col("min_params_b")).then(pl.lit("score below the curve at the smallest size seen"))
        .when(equivalent > pl.col("max_params_b")).then(pl.lit("score above the curve at the largest size seen"))
    )  # fmt: skip
    judged = (
        points.filter(pl.col("openness") == "open_weights")
        .join(curves, on="comparable_group", how="left")
        .with_columns(
            family_key().alias("family"),
            size.alias("params_b"),
            (10 ** ((log_odds() - pl.col("intercept")) / pl.col("slope"))).alias("equivalent_params_b"),
        )
        .with_columns(reason.alias("reason"))
    )
    return (
        judged.with_columns(pl.when(pl.col("reason").is_null()).then(equivalent).alias("equivalent_params_b"))
        .with_columns((equivalent / pl.col("params_b")).alias("relative_density"))
        .select(_COLUMNS)
        .sort("comparable_group", "model_id")
    )


def density_frontier(density: pl.DataFrame, *, draws: int = 400, seed: int) -> pl.DataFrame:
    """The days in which the greatest relative density of models since FRONTIER_SINCE doubles; one row per comparable
    group.

    A record is a model that is denser than all models before it. The line is a least-squares fit of log2 of the
    records' density on their dates. A record can only rise, so even random densities have a finite doubling time: read
    it together with n.

    doubling_days_lo, doubling_days_hi: 90 % interval over draws of families, with the curve held fixed; doubling_days_hi null
    beside a doubling_days_lo: density may not grow at all. n: records. n_points: densities dated since then. n_families: the
    families among them. first_on, last_on: dates of the first and the last record. refusal_reason: why there is no number.
    """
    rows = []
    dated = density.drop_nulls(["relative_density"]).filter(pl.col("released_on") >= FRONTIER_SINCE)
    # The densest model of a day comes first, so that each day sets at most one record.
    dated = dated.sort(
        "comparable_group", "released_on", "relative_density", "model_id", descending=[False, False, True, False]
    )
    for name, benchmark in density.select("comparable_group", "benchmark").unique().sort(pl.all()).iter_rows():
        rows.append({"comparable_group": name, "benchmark": benchmark})
        group = dated.filter(comparable_group=name)
        rows[-1].update(_frontier(group, draws, np.random.default_rng([seed, zlib.crc32(name.encode())])))
    return pl.DataFrame(rows, schema=FRONTIER_SCHEMA)


def _frontier(group: pl.DataFrame, draws: int, rng: np.random.Generator) -> dict[str, object]:
    families, codes = np.unique(group["family"].to_numpy(), return_inverse=True)
    columns: dict[str, object] = {"n_points": group.height, "n_families": len(families), "n": 0}
    if group.is_empty():
        return columns | {"refusal_reason": f"no model dated since {FRONTIER_SINCE} has a density"}
    days = group["released_on"].to_physical().to_numpy().astype(np.float64)
    log_density = np.log2(group["relative_density"].to_numpy())[None, :]
    records = _records(log_density)
    dates = group["released_on"].filter(pl.Series(records[0]))
    columns |= {"n": int(records.sum()), "form": group["form"][0], "first_on": dates[0], "last_on": dates[-1]}
    if columns["n"] < MIN_RECORDS:  # type: ignore[operator]
        return columns | {"refusal_reason": f"{columns['n']} records, {MIN_RECORDS} are needed"}
    if len(families) < MIN_FAMILIES:
        return columns | {"refusal_reason": f"{len(families)} families, {MIN_FAMILIES} are needed"}
    # A maximum depends on whether a family is drawn, not on how often.
    drawn = rng.multinomial(len(families), np.full(len(families), 1 / len(families)), size=draws) > 0
    resampled = np.where(drawn[:, codes], log_density, -np.inf)
    slow, fast = np.percentile(_slopes(days, resampled, _records(resampled)), INTERVAL)
    return columns | {
        "doubling_days": 1 / float(_slopes(days, log_density, records)[0]),
        "doubling_days_lo": 1 / float(fast) if fast > 0 else None,
        "doubling_days_hi": 1 / float(slow) if slow > 0 else None,
    }


def _records(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """For each row, where a value exceeds all values before it."""
    best = np.maximum.accumulate(values, axis=1)
    return values > np.concatenate([np.full((values.shape[0], 1), -np.inf), best[:, :-1]], axis=1)


def _slopes(
    days: npt.NDArray[np.float64], values: npt.NDArray[np.float64], records: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """For each row, the least-squares slope of its records over days; 0 if the row has only one record."""
    weight = records.astype(np.float64)
    count = weight.sum(axis=1, keepdims=True)
    x = np.where(records, days - (weight * days).sum(axis=1, keepdims=True) / count, 0.0)
    spread = (x * x).sum(axis=1)
    rise = (x * np.where(records, values, 0.0)).sum(axis=1)
    slopes: npt.NDArray[np.float64] = np.divide(rise, spread, out=np.zeros_like(rise), where=spread > 0)
    return slopes


def size_to_reach(points: pl.DataFrame, thresholds: Sequence[float] = tuple(range(20, 91, 10))) -> pl.DataFrame:
    """The smallest open-weights model that had reached a score by the end of each month; one row per change.

    comparable_group, benchmark. score_threshold_pct: in the group's own percent. reached_on: first day of the month in which
    the smallest size first appeared or fell. params_b: that size, total parameters in billions. model_id, model,
    released_on: the model (of equals the earliest, then by id).

    Models without a date or a size are left out.
    """
    columns = ["comparable_group", "benchmark", "score_pct", "params_b", "model_id", "model", "released_on"]
    is_sized = (pl.col("openness") == "open_weights") & (pl.col("params_b") > 0)
    dated = points.filter(is_sized).select(columns).drop_nulls(["released_on", "score_pct"])
    key = ["comparable_group", "score_threshold_pct"]
    month = pl.col("released_on").dt.truncate("1mo").alias("reached_on")
    # One threshold after another, because all at once would hold each point as often as there are thresholds.
    smallest = pl.concat(
        dated.filter(pl.col("score_pct") >= threshold)
        .with_columns(month, pl.lit(float(threshold)).alias("score_threshold_pct"))
        .sort("comparable_group", "reached_on", "params_b", "released_on", "model_id")
        .unique(["comparable_group", "reached_on"], keep="first", maintain_order=True)
        for threshold in thresholds
    )
    before = pl.col("params_b").cum_min().shift(1).over(key)
    return (
        smallest.filter(before.is_null() | (pl.col("params_b") < before))
        .sort(*key, "reached_on")
        .select(
            *("comparable_group", "benchmark", "score_threshold_pct", "reached_on"),
            *("params_b", "model_id", "model", "released_on"),
        )
    )
