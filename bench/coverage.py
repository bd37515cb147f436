"""Do the 90 % intervals contain the truth in 90 % of simulated worlds? `python -m bench.coverage [scaling lags index]
[--worlds N]`.

scaling: families with their own offset, a few sizes each, and a known slope; for comparison the interval of a bootstrap
over single models, which treats the models of a family as independent. lags: two sides, of which the open one repeats
the other's process with a known lag, cut off before the end; scores scatter little or much about the trend. index:
models of known capability with noisy scores on some benchmarks.
"""

from __future__ import annotations

import argparse
import itertools
import time
from datetime import date, timedelta

import numpy as np
import polars as pl

from leaderboard_etl.analysis.capability import fit_capability, index_gap
from leaderboard_etl.analysis.item_response import PENALTY
from leaderboard_etl.analysis.lag_groups import read_groups
from leaderboard_etl.analysis.lag_summary import lag_summary
from leaderboard_etl.analysis.scaling import Floats, fit_bands, fit_line, scaling_fits

SLOPE = 1.5
OFFSET_SD = 0.7
NOISE_SD = 0.3
LAG_DAYS, DAYS, START = 300, 1200, date(2021, 1, 1)
# Points by which a family, and a model in it, stand above or below their side's trend.
SCATTERS_PCT = (2.0, 6.0, 12.0)


def main() -> None:
    """Prints the coverage of the given parts, by default of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = {"scaling": scaling, "lags": lags, "index": index}
    parser.add_argument("parts", nargs="*", choices=[[], *parts], help="scaling, lags, index (default: all)")
    parser.add_argument("--worlds", type=int, default=300, help="simulated worlds per row (default: 300)")
    parser.add_argument("--draws", type=int, default=400, help="bootstrap draws per world (default: 400)")
    arguments = parser.parse_args()
    for name in arguments.parts or parts:
        print(f"{name}: nominal 0.90, {arguments.worlds} worlds, {arguments.draws} draws")
        parts[name](arguments.worlds, arguments.draws, np.random.default_rng(20240601))


def scaling(worlds: int, draws: int, rng: np.random.Generator) -> None:
    """Prints coverage and median width by number of families, then the time of a full set of fits."""
    print(f"true slope {SLOPE}\nfamilies  by family: coverage  width   by model: coverage  width")
    for n_families in (4, 6, 10, 20, 40, 80):
        by_family, by_model = [], []
        for _ in range(worlds):
            x, y, family = world(n_families, rng)
            by_family.append(interval(x, y, family, draws, rng))
            by_model.append(interval(x, y, np.arange(x.size), draws, rng))
        print(f"{n_families:8} {summary(by_family)}            {summary(by_model)}")
    points = tables(20, 400, rng)
    begun = time.perf_counter()
    fits = scaling_fits(points, draws=draws, seed=1)
    fitted_s = time.perf_counter() - begun
    bands = fit_bands(points, draws=draws, seed=1)
    banded_s = time.perf_counter() - begun - fitted_s
    print(
        f"{points.height} points in 20 groups: {fits.height} fits {fitted_s:.2f} s, {bands.height} band rows {banded_s:.2f} s"
    )


def lags(worlds: int, draws: int, rng: np.random.Generator) -> None:
    """Prints for each estimator the median estimate, and how often its interval contains the true lag and the
    estimator's own median; then in how many worlds the truth is between `backward` and `catch_up`.

    The first coverage includes the estimator's bias; the second is about the interval only.
    """
    print(f"true lag {LAG_DAYS} days, of {DAYS} followed; what is not matched by then is censored")
    print("families  scatter  estimator      median estimate  censored  coverage: true lag  own median")
    for n_families, scatter_pct in itertools.product((6, 20, 40), SCATTERS_PCT):
        summaries = pl.concat(
            [
                lag_summary(read_groups(*two_sides(n_families, scatter_pct, rng)), draws=draws, seed=n).with_columns(
                    world=pl.lit(n)
                )
                for n in range(worlds)
            ]
        )
        rows = summaries.filter(
            pl.col("tolerance_pct").is_null() | (pl.col("tolerance_pct") == 1.0), sensitivity="all"
        ).with_columns(lag_days=pl.coalesce("median_lag_days", "mean_lag_days"))
        for (name,), group in rows.group_by("estimator", maintain_order=True):
            estimate = group["lag_days"].median()
            assert isinstance(estimate, float)
            censored = float(group["n_censored"].sum()) / float(group["n_pairs"].sum())
            true, own = (_share_with(group, days) for days in (LAG_DAYS, estimate))
            print(
                f"{n_families:8} {scatter_pct:8.0f}  {name!s:13} {estimate:16.0f} {censored:9.2f} {true:19.2f} {own:11.2f}"
            )
        pairs = rows.pivot("estimator", index="world", values="lag_days").drop_nulls(["backward", "catch_up"])
        is_between = (pl.col("backward") <= LAG_DAYS) & (pl.col("catch_up") >= LAG_DAYS)
        share = pairs.select(is_between.mean()).item()
        print(f"{n_families:8} {scatter_pct:8.0f}  the truth is between backward and catch_up: {share:.2f}")


def _share_with(intervals: pl.DataFrame, days: float) -> float:
    """The share of intervals that contain a lag; an interval without an upper end contains everything above its lower
    end."""
    held = (pl.col("lo_days") <= days) & (pl.col("hi_days").fill_null(np.inf) >= days)
    return float(intervals.drop_nulls("lo_days").select(held.mean()).item())


def index(worlds: int, draws: int, rng: np.random.Generator) -> None:
    """Prints the coverage of single capabilities, and of the gap between the models that look best on each side."""
    print("penalty  coverage: capability   gap of the best two   scale (1 = right)")
    draws = min(draws, 100)  # as in the mart
    for penalty in (0.1, PENALTY):  # eci-public's and ours
        held, gaps, scales = [], [], []
        for n in range(max(1, worlds // 10)):
            points, true = scored_models(rng)
            fitted = fit_capability(points, draws=draws, seed=n, penalty=penalty)
            rows = fitted.index.drop_nulls("capability").join(true, on="model_id")
            within = pl.col("true").is_between("capability_lo", "capability_hi")
            held.append(rows.select(within.mean()).item())
            scales.append(float(np.polyfit(rows["true"].to_numpy(), rows["capability"].to_numpy(), 1)[0]))
            gap = index_gap(fitted, date(2025, 1, 1)).row(0, named=True)
            best = [true.filter(model_id=gap[f"{side}_model_id"])["true"][0] for side in ("proprietary", "open")]
            gaps.append(gap["gap_lo"] <= best[0] - best[1] <= gap["gap_hi"])
        print(f"{penalty:7} {np.mean(held):21.2f} {np.mean(gaps):21.2f} {np.mean(scales):19.2f}")


def two_sides(n_families: int, scatter_pct: float, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame, date]:
    """Points, groups and as-of day of a world in which both sides gain 30 points a year; each model has its family's
    offset and its own."""
    rows = []
    for side, late in (("proprietary", 0), ("open_weights", LAG_DAYS)):
        for family in range(n_families):
            offset = rng.normal(0, scatter_pct)
            for model in range(rng.integers(1, 5)):
                day = rng.uniform(0, DAYS)
                score = 20 + 30 * (day - late) / 365 + offset + rng.normal(0, scatter_pct)
                name = f"{side} {family} {model}"
                rows.append((name, side, f"{side} {family}", score, START + timedelta(days=int(day))))
    points = pl.DataFrame(
        rows, schema=["model_id", "openness", "family", "score_pct", "released_on"], orient="row"
    ).with_columns(pl.lit("g").alias("comparable_group"), pl.col("family").alias("organization"), model="model_id")
    groups = pl.DataFrame({"comparable_group": ["g"], "benchmark": ["b"], "match_tolerance_pct": [1.0]})
    until = pl.lit(None, pl.Date)
    groups = groups.with_columns(observed_through_open_on=until, observed_through_proprietary_on=until)
    return points.with_columns(reported_by=pl.lit("x")), groups, START + timedelta(days=DAYS)


def scored_models(rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """60 models with scores on 3 to 8 of 8 benchmarks, all of them on the first, which is the anchor; and their true
    capabilities."""
    capability = rng.normal(0, 1, 60)
    difficulty = np.array([0.0, *rng.normal(0, 1, 7)])
    slope = np.exp(np.array([0.0, *rng.normal(0, 0.3, 7)]))
    fraction = 1 / (1 + np.exp(-slope * (capability[:, None] - difficulty)))
    scored = np.clip(fraction + rng.normal(0, 0.03, fraction.shape), 0, 1)
    rows = [
        (f"m{n}", f"m{n}", "open_weights" if n % 2 else "proprietary", f"g{k}", 100 * scored[n, k])
        for n in range(60)
        for k in sorted({0, *rng.choice(8, rng.integers(2, 8), replace=False)})
    ]
    schema = ["model_id", "model", "openness", "comparable_group", "score_norm_pct"]
    points = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        released_on=pl.lit(START), score_pct=pl.col("score_norm_pct")
    )
    return points, pl.DataFrame({"model_id": [f"m{n}" for n in range(60)], "true": capability})


def world(
    n_families: int, rng: np.random.Generator
) -> tuple[Floats, Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Log sizes, log-odds and family codes: one to six models per family, with sizes around the family's own mean."""
    family = np.repeat(np.arange(n_families), rng.integers(1, 7, n_families))
    x = rng.uniform(0.0, 2.0, n_families)[family] + rng.normal(0, 0.4, family.size)
    y = SLOPE * x - 1 + rng.normal(0, OFFSET_SD, n_families)[family] + rng.normal(0, NOISE_SD, family.size)
    return x, y, family


def interval(
    x: Floats, y: Floats, family: np.ndarray[tuple[int], np.dtype[np.int64]], draws: int, rng: np.random.Generator
) -> Floats:
    """The 90 % interval of the slope. No two values of x are equal, so only draws with a single model have no line."""
    line = fit_line(x, y, family, draws=draws, rng=rng)
    return line.interval(line.slopes)


def summary(intervals: list[Floats]) -> str:
    """The share of intervals that contain the slope, and their median width."""
    low, high = np.stack(intervals).T
    held = (low <= SLOPE) & (high >= SLOPE)
    return f"{held.mean():19.3f} {np.nanmedian(high - low):6.2f}"


def tables(n_groups: int, n_models: int, rng: np.random.Generator) -> pl.DataFrame:
    """Points with as many groups and models as the published tables have official ones."""
    n = n_groups * n_models
    size = 10 ** rng.uniform(-1, 2.5, n)
    group = pl.Series(np.repeat(np.arange(n_groups), n_models)).cast(pl.String)
    return pl.DataFrame(
        {
            "comparable_group": group, "benchmark": group, "model_id": [f"m{i}" for i in range(n)],
            "family": [f"f{i}" for i in rng.integers(0, 70, n)], "organization": "o", "openness": "open_weights",
            "released_on": pl.Series(rng.integers(19_100, 20_300, n)).cast(pl.Date), "score_norm_pct": rng.uniform(1, 99, n),
            "params_b": size, "params_active_b": size, "is_moe": False, "random_baseline": 0.25, "score_ceiling": 1.0,
        }
    )  # fmt: skip


if __name__ == "__main__":
    main()
