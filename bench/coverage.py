"""Does the 90 % interval by family hold the true slope in 90 % of worlds? `python -m bench.coverage [--worlds N]`.

Each world has families with an offset of their own, a few sizes each, and a known slope. Beside it stands the interval of a
bootstrap over single models, which takes the models of a family for independent.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import polars as pl

from leaderboard_etl.analysis.scaling import Floats, fit_bands, fit_line, scaling_fits

SLOPE = 1.5
OFFSET_SD = 0.7
NOISE_SD = 0.3


def main() -> None:
    """Prints coverage and median width by number of families, then the time of a full set of fits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=1000, help="simulated worlds per row (default: 1000)")
    parser.add_argument("--draws", type=int, default=400, help="bootstrap draws per world (default: 400)")
    given = parser.parse_args()
    print(f"nominal 0.90, true slope {SLOPE}, {given.worlds} worlds, {given.draws} draws")
    print("families  by family: coverage  width   by model: coverage  width")
    rng = np.random.default_rng(20240601)
    for n_families in (4, 6, 10, 20, 40, 80):
        by_family, by_model = [], []
        for _ in range(given.worlds):
            x, y, family = world(n_families, rng)
            by_family.append(interval(x, y, family, given.draws, rng))
            by_model.append(interval(x, y, np.arange(x.size), given.draws, rng))
        print(f"{n_families:8} {summary(by_family)}            {summary(by_model)}")
    points = tables(20, 400, rng)
    begun = time.perf_counter()
    fits = scaling_fits(points, draws=given.draws, seed=1)
    fitted_s = time.perf_counter() - begun
    bands = fit_bands(points, draws=given.draws, seed=1)
    banded_s = time.perf_counter() - begun - fitted_s
    print(
        f"{points.height} points in 20 groups: {fits.height} fits {fitted_s:.2f} s, {bands.height} band rows {banded_s:.2f} s"
    )


def world(
    n_families: int, rng: np.random.Generator
) -> tuple[Floats, Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Log sizes, log-odds and family codes: one to six models a family, sizes about a middle of the family's own."""
    family = np.repeat(np.arange(n_families), rng.integers(1, 7, n_families))
    x = rng.uniform(0.0, 2.0, n_families)[family] + rng.normal(0, 0.4, family.size)
    y = SLOPE * x - 1 + rng.normal(0, OFFSET_SD, n_families)[family] + rng.normal(0, NOISE_SD, family.size)
    return x, y, family


def interval(
    x: Floats, y: Floats, family: np.ndarray[tuple[int], np.dtype[np.int64]], draws: int, rng: np.random.Generator
) -> Floats:
    """The slope's 90 % interval; x has no two equal values, so that only draws of one model have no line."""
    line = fit_line(x, y, family, draws=draws, rng=rng)
    return line.interval(line.slopes)


def summary(intervals: list[Floats]) -> str:
    """Share of intervals that hold the slope, and their median width."""
    low, high = np.stack(intervals).T
    held = (low <= SLOPE) & (high >= SLOPE)
    return f"{held.mean():19.3f} {np.nanmedian(high - low):6.2f}"


def tables(n_groups: int, n_models: int, rng: np.random.Generator) -> pl.DataFrame:
    """Points of as many groups and models as the published tables have official ones."""
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
