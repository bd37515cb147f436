"""The size of a dense model with the same score, on curves computed by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from leaderboard_etl.analysis.dense_equivalent import _sizes_with, dense_equivalents
from leaderboard_etl.analysis.readable import Readable
from leaderboard_etl.analysis.scaling import Line

RULE = Readable(least_families=8, least_r2=0.25)
OLD, NEW = date(2023, 6, 1), date(2024, 6, 1)


def point(name: str, active_b: float, norm_pct: float, on: date | None = NEW, **more: Any) -> dict[str, Any]:
    return {
        "model_id": name, "model": name, "family": name, "organization": name, "openness": "open_weights",
        "benchmark": "b", "comparable_group": "g", "score_norm_pct": norm_pct, "params_b": active_b,
        "params_active_b": active_b, "is_moe": False, "released_on": on,
    } | more  # fmt: skip


def norm(params_b: float, offset: float) -> float:
    """The normalised score on the line log-odds = 2 log10(size) + offset."""
    return float(100 / (1 + np.exp(-2 * np.log10(params_b) - offset)))


# Two eras of dense models, each on its own line; the later era reaches a score with a tenth of the size.
SIZES = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0]
DENSE = pl.DataFrame(
    [point(f"old-{size}", size, norm(size, -3), OLD) for size in SIZES]
    + [point(f"new-{size}", size, norm(size, -1)) for size in SIZES]
)


def one(**more: Any) -> dict[str, Any]:
    mixture = point("mixture", 10.0, norm(40.0, -1), params_b=100.0, is_moe=True) | more
    points = pl.DataFrame([mixture], schema_overrides={"released_on": pl.Date})
    return dense_equivalents(points, DENSE, RULE, draws=50, seed=1).row(0, named=True)


def test_a_mixture_gets_the_dense_size_of_its_own_era_with_its_score() -> None:
    row = one()
    assert (row["era"], row["curve_n"], row["reason"]) == ("2024", 8, None)
    assert row["equivalent_params_b"] == pytest.approx(40.0)
    assert row["times_active"] == pytest.approx(4.0)
    # All models lie on the line, so that no draw of families moves it.
    assert [row["times_active_lo"], row["times_active_hi"]] == pytest.approx([4.0, 4.0])


def test_a_score_beyond_the_known_sizes_gives_a_bound_and_no_number() -> None:
    above, below = one(score_norm_pct=norm(300.0, -1)), one(score_norm_pct=norm(0.5, -1))
    assert (above["equivalent_params_b"], above["times_active"], above["at_least_b"]) == (None, None, 100.0)
    assert above["reason"] == "score above the curve at the largest dense size seen"
    assert (below["equivalent_params_b"], below["at_most_b"]) == (None, 1.0)


def test_without_a_line_of_its_era_the_curve_is_that_of_all() -> None:
    assert one(released_on=date(2025, 6, 1))["era"] == "all"
    assert one(released_on=None)["era"] == "all"


def test_a_curve_that_may_fall_with_size_gives_no_size() -> None:
    flat = DENSE.with_columns(score_norm_pct=pl.Series([50.0, 60.0] * 8))
    row = dense_equivalents(pl.DataFrame([point("m", 10.0, 55.0)]), flat, RULE, draws=50, seed=1).row(0, named=True)
    assert (row["era"], row["equivalent_params_b"]) == (None, None)
    line = "it may not rise with size"
    assert row["reason"] == f"no line of dense open models to read a size off; 2024: {line}; all: {line}"


def test_a_curve_that_explains_little_gives_no_size_and_says_how_little() -> None:
    """Two models for each of 40 families rise with size, but scatter by far more."""
    sizes = np.tile(np.geomspace(1, 100, 40), 2)
    odds = 0.8 * np.log10(sizes) + np.repeat([-2.0, 2.0], 40)
    dense = [
        point(f"m-{i}", size, y, family=f"f-{i % 40}")
        for i, (size, y) in enumerate(zip(sizes, 100 / (1 + np.exp(-odds)), strict=True))
    ]
    mixture = pl.DataFrame([point("m", 10.0, 50.0)])

    def read(least_r2: float) -> dict[str, Any]:
        rule = Readable(least_families=8, least_r2=least_r2)
        return dense_equivalents(mixture, pl.DataFrame(dense), rule, draws=50, seed=1).row(0, named=True)

    found = read(0.25)
    assert (found["equivalent_params_b"], found["curve_r2"]) == (None, None)
    assert "2024: size explains 5 % of the scores' variance, 25 % are needed" in found["reason"]
    assert read(0.01)["reason"] == "dense models of this score scatter beyond the sizes seen: no lower or upper end"


def test_a_curve_of_fewer_families_than_a_drawn_line_gives_no_size() -> None:
    few = DENSE.with_columns(family=pl.Series([f"f-{i % 5}" for i in range(16)]))
    row = dense_equivalents(pl.DataFrame([point("m", 10.0, 55.0)]), few, RULE, draws=50, seed=1).row(0, named=True)
    assert row["reason"].endswith("2024: 5 families, 8 are needed; all: 5 families, 8 are needed")


def scattered(sd_pct: float, wanted_norm_pct: float) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, sd_pct, DENSE.height)
    noisy = DENSE.with_columns(score_norm_pct=(pl.col("score_norm_pct") + noise).clip(1, 99))
    mixture = pl.DataFrame([point("m", 10.0, wanted_norm_pct)])
    return dense_equivalents(mixture, noisy, RULE, draws=200, seed=1).row(0, named=True)


def test_the_interval_is_wider_where_families_disagree_and_that_of_single_models_wider_still() -> None:
    row = scattered(2.0, norm(16.0, -1))
    ends = ["single_lo_b", "equivalent_lo_b", "equivalent_params_b", "equivalent_hi_b", "single_hi_b"]
    sizes = [row[name] for name in ends]
    assert sizes == sorted(sizes) and len(set(sizes)) == 5 and sizes[0] >= 1.0 and sizes[-1] <= 100.0


def test_where_single_dense_models_of_the_score_scatter_beyond_the_sizes_seen_there_is_no_number() -> None:
    row = scattered(6.0, norm(60.0, -1))
    assert (row["equivalent_params_b"], row["times_active"], row["single_hi_b"]) == (None, None, None)
    assert 1.0 < row["single_lo_b"] < 60.0 and row["curve_n"] == 8
    assert row["reason"] == "dense models of this score scatter beyond the sizes seen: no upper end"


def test_the_sizes_of_single_models_are_those_of_a_calibration_by_hand() -> None:
    """Without doubt about the line it is the score's distance of 1.6449 residual deviations, over the slope."""
    line = Line(2.0, -1.0, 0.9, 0.5, np.full(9, 2.0), np.full(9, -1.0))
    ends = np.log10(_sizes_with(line, 1.0))
    assert ends == pytest.approx([1.0 - 1.6449 * 0.5 / 2.0, 1.0 + 1.6449 * 0.5 / 2.0])
    doubtful = Line(2.0, -1.0, 0.9, 0.5, np.array([0.0, 4.0] * 5), np.full(10, -1.0))
    assert _sizes_with(doubtful, 1.0) == (0.0, np.inf), "a slope that may be 0 ends nowhere"
