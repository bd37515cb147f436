"""Lines of score against size, their intervals by family, and the cases without a line."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from leaderboard_etl.analysis.scaling import compute_fits, fit_bands, fit_line, scaling_fits
from leaderboard_etl.policy import read_policy
from leaderboard_etl.warehouse.core import insert_rules

SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("model_id", "family", "organization", "openness", "benchmark", "comparable_group"), pl.String),
    **dict.fromkeys(("score_norm_pct", "params_b", "params_active_b", "training_tokens"), pl.Float64),
    **dict.fromkeys(("random_baseline", "score_ceiling"), pl.Float64),
    "is_moe": pl.Boolean,
    "released_on": pl.Date,
}


def point(name: str, params_b: float | None, score_norm_pct: float | None, **other: Any) -> dict[str, Any]:
    usual = {
        "model_id": name, "family": name, "organization": "o", "openness": "open_weights", "benchmark": "mmlu",
        "comparable_group": "mmlu_measured", "score_norm_pct": score_norm_pct, "params_b": params_b,
        "params_active_b": params_b, "training_tokens": None, "random_baseline": 0.25, "score_ceiling": 1.0,
        "is_moe": False, "released_on": date(2023, 6, 1),
    }  # fmt: skip
    return usual | other


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA)


def on_a_line(slope: float, intercept: float, n: int = 12, families: int = 6) -> list[dict[str, Any]]:
    sizes = np.geomspace(0.5, 200, n)
    scores = 100 / (1 + np.exp(-(intercept + slope * np.log10(sizes))))
    return [
        point(f"m{i:02}", float(size), float(score), family=f"f{i % families}")
        for i, (size, score) in enumerate(zip(sizes, scores, strict=True))
    ]


def fit(points: pl.DataFrame, openness: str = "all", era: str = "all", form: str = "total") -> dict[str, Any]:
    return scaling_fits(points, draws=50, seed=1).row(
        by_predicate=(pl.col("openness") == openness) & (pl.col("era") == era) & (pl.col("form") == form), named=True
    )


def test_points_on_a_line_give_that_line_and_no_width() -> None:
    row = fit(frame(on_a_line(1.2, -0.7)))
    assert row["slope"] == pytest.approx(1.2)
    assert row["intercept"] == pytest.approx(-0.7)  # log-odds at one billion
    assert row["r2"] == pytest.approx(1)
    assert row["residual_sd"] == pytest.approx(0, abs=1e-9)
    assert (row["slope_lo"], row["slope_hi"]) == pytest.approx((1.2, 1.2))
    assert (row["n"], row["n_families"], row["refusal_reason"]) == (12, 6, None)
    assert (row["min_params_b"], row["max_params_b"]) == pytest.approx((0.5, 200))


def test_three_points_by_hand() -> None:
    """x 0 1 2, y 1 1 4: means 1 and 2, Sxy 3, Sxx 2; line 0.5 + 1.5x, residuals 0.5 -1 0.5, SSE 1.5, SST 6."""
    x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 4.0])
    line = fit_line(x, y, np.array([0, 1, 2]), draws=200, rng=np.random.default_rng(0))
    assert (line.slope, line.intercept) == pytest.approx((1.5, 0.5))
    assert line.r2 == pytest.approx(0.75)
    assert line.residual_sd == pytest.approx(1.5**0.5)
    # Draws of three points: all the same (no line), or the pairs' slopes 0, 3, 1.5 and their weighted mixtures.
    drawn = line.slopes[np.isfinite(line.slopes)]
    assert 0 < drawn.size < 200
    assert drawn.min() == pytest.approx(0)
    assert drawn.max() == pytest.approx(3)


def test_models_of_a_family_that_coincide_are_one_observation() -> None:
    rng = np.random.default_rng(3)
    rows = [row | {"score_norm_pct": float(rng.uniform(5, 95))} for row in on_a_line(1, 0)]
    twin = rows[0] | {"model_id": "twin", "released_on": date(2024, 6, 1)}
    assert fit(frame([*rows, twin])) == fit(frame(rows)) | {"n_scored": 13}
    # In its own era it is the only one, and another family's model is another observation.
    assert fit(frame([*rows, twin]), era="2024")["n"] == 1
    assert fit(frame([*rows, twin | {"family": "other"}]))["n"] == 13
    assert fit(frame([*rows, twin | {"openness": "proprietary"}]))["n"] == 13
    # Scores at the floor are limited to one value, which does not make them one measurement.
    floor = [point(name, 3.0, pct, family="low") for name, pct in (("a", 0.0), ("b", 0.0), ("c", 0.1))]
    assert fit(frame([*rows, *floor]))["n"] == 15
    # Another size in one of the forms: another observation in that form only.
    active = frame([*rows, twin | {"params_active_b": 0.25}])
    assert (fit(active)["n"], fit(active, form="active")["n"]) == (12, 13)


def test_a_family_is_drawn_whole() -> None:
    """Two families, each on its own line: a draw has one of these lines or the pooled one, never one in between."""
    x = np.array([0.0, 1.0, 0.0, 1.0])
    y = np.array([0.0, 1.0, 5.0, 8.0])
    line = fit_line(x, y, np.array([0, 0, 1, 1]), draws=100, rng=np.random.default_rng(0))
    assert set(np.round(line.slopes, 9)) == {1.0, 2.0, 3.0}


def test_a_model_without_a_family_counts_under_its_organization() -> None:
    rows = [row | {"family": None, "organization": f"o{i % 5}"} for i, row in enumerate(on_a_line(1, 0))]
    assert fit(frame(rows))["n_families"] == 5


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (on_a_line(1, 0, n=7), "7 models with score and total size (of 7 with score), 8 are needed"),
        (on_a_line(1, 0, n=1), "1 model with score and total size (of 1 with score), 8 are needed"),
        (on_a_line(1, 0, families=3), "3 families, 4 are needed"),
        ([point(f"m{i}", 7.0 + i, 50) for i in range(9)], "total size spans a factor of 2.1, 10 is needed"),
        (
            [point(f"m{i}", None, 50) for i in range(9)],
            "0 models with score and total size (of 9 with score), 8 are needed",
        ),
        ([point(f"m{i}", 10.0**i, None) for i in range(9)], "no score of the group is normalised"),
        ([point(f"m{i}", 0.0, 50) for i in range(9)], "0 models with score and total size (of 9 with score)"),
    ],
)
def test_too_little_data_gives_a_reason_and_no_coefficients(rows: list[dict[str, Any]], reason: str) -> None:
    row = fit(frame(rows))
    assert row["refusal_reason"].startswith(reason)
    assert [row[name] for name in ("slope", "intercept", "r2", "residual_sd", "slope_lo", "slope_hi")] == [None] * 6
    assert fit_bands(frame(rows), draws=10, seed=1).is_empty()


def test_eras_and_openness_divide_the_models_and_all_includes_undated_ones() -> None:
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1), None]
    rows = [point(f"m{i}", 1.0, 50, released_on=day) for i, day in enumerate(days)]
    rows[0]["openness"] = "proprietary"
    rows[1]["openness"] = "unknown"
    counts = scaling_fits(frame(rows), draws=10, seed=1).filter(form="total")
    assert {key: n for *key_, n in counts.select("openness", "era", "n").iter_rows() if (key := tuple(key_))} == {
        ("open_weights", "all"): 3, ("open_weights", "until 2023"): 0, ("open_weights", "2024"): 1,
        ("open_weights", "from 2025"): 1, ("proprietary", "all"): 1, ("proprietary", "until 2023"): 1,
        ("proprietary", "2024"): 0, ("proprietary", "from 2025"): 0, ("all", "all"): 5, ("all", "until 2023"): 1,
        ("all", "2024"): 2, ("all", "from 2025"): 1,
    }  # fmt: skip


def test_scores_at_the_floor_are_limited_and_counted() -> None:
    rows = on_a_line(1, 0)
    rows[0]["score_norm_pct"] = 0.0
    row = fit(frame(rows))
    assert row["n_clipped"] == 1
    assert np.isfinite(row["slope"])


def test_the_active_form_takes_active_parameters() -> None:
    rows = [row | {"params_b": row["params_b"] * 10} for row in on_a_line(1, 0)]
    assert fit(frame(rows), form="active")["intercept"] == pytest.approx(0, abs=1e-9)
    assert fit(frame(rows), form="total")["intercept"] == pytest.approx(-1)


def test_compute_counts_active_parameters_and_leaves_out_what_may_be_a_mixture() -> None:
    """Tokens 1e12/6 per model: C in units of 10^21 FLOP equals N in billions."""
    rows = [row | {"training_tokens": 1e12 / 6} for row in on_a_line(1.5, 0.3)]
    for row in rows:
        row["params_active_b"], row["params_b"], row["is_moe"] = row["params_b"], 999.0, True
    rows[0] |= {
        "params_active_b": None,
        "params_b": rows[0]["params_active_b"],
        "is_moe": False,
    }  # dense: all are active
    rows.append(point("unknown", 1000.0, 1.0, training_tokens=1e12, params_active_b=None, is_moe=None))
    row = compute_fits(frame(rows), draws=50, seed=1).row(
        by_predicate=(pl.col("openness") == "all") & (pl.col("era") == "all"), named=True
    )
    assert (row["form"], row["n"], row["n_scored"]) == ("compute", 12, 13)
    assert (row["slope"], row["intercept"]) == pytest.approx((1.5, 0.3))
    assert (row["min_compute_flop"], row["max_compute_flop"]) == pytest.approx((0.5e21, 200e21))
    assert (row["min_params_b"], row["max_params_b"]) == pytest.approx((0.5, 200))


def test_no_band_extends_beyond_the_known_sizes_and_each_contains_its_line() -> None:
    rng = np.random.default_rng(3)
    rows = [row | {"score_norm_pct": float(rng.uniform(5, 95))} for row in on_a_line(1, 0, n=30)]
    bands = fit_bands(frame(rows), draws=200, seed=1, n_grid=7).filter(form="total", openness="all", era="all")
    assert bands.height == 7
    sizes = [row["params_b"] for row in rows]
    assert (bands["params_b"].min(), bands["params_b"].max()) == (min(sizes), max(sizes))
    assert (bands["lo_pct"] <= bands["score_pct"]).all()
    assert (bands["score_pct"] <= bands["hi_pct"]).all()


def test_a_band_is_in_the_groups_own_percent() -> None:
    """Norm 50 with baseline 0.25 and ceiling 1 is 62.5 percent."""
    bands = fit_bands(frame(on_a_line(0, 0)), draws=20, seed=1)
    assert bands["score_norm_pct"].to_list() == pytest.approx([50] * bands.height)
    assert bands["score_pct"].to_list() == pytest.approx([62.5] * bands.height)


@pytest.mark.parametrize("baselines", [[None, None], [0.25, 0.1]])
def test_a_group_without_one_baseline_has_a_normalised_band_only(baselines: list[float | None]) -> None:
    rows = [row | {"random_baseline": baselines[i % 2]} for i, row in enumerate(on_a_line(1, 0))]
    bands = fit_bands(frame(rows), draws=20, seed=1)
    assert bands["score_norm_pct"].null_count() == 0
    assert bands["score_pct"].null_count() == bands["lo_pct"].null_count() == bands.height > 0


@settings(max_examples=15)
@given(order=st.permutations(range(16)))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    rng = np.random.default_rng(5)
    rows = [row | {"score_norm_pct": float(rng.uniform(5, 95))} for row in on_a_line(1, 0, n=16)]
    points = frame(rows)
    shuffled = points[order]
    assert_frame_equal(
        scaling_fits(shuffled, draws=20, seed=1), scaling_fits(points, draws=20, seed=1), check_exact=True
    )
    assert_frame_equal(fit_bands(shuffled, draws=20, seed=1), fit_bands(points, draws=20, seed=1), check_exact=True)


def test_another_benchmark_does_not_change_an_interval() -> None:
    rng = np.random.default_rng(5)
    rows = [row | {"score_norm_pct": float(rng.uniform(5, 95))} for row in on_a_line(1, 0)]
    more = [row | {"comparable_group": "a_new_one"} for row in rows]
    alone = scaling_fits(frame(rows), draws=20, seed=1)
    assert_frame_equal(
        scaling_fits(frame(more + rows), draws=20, seed=1).filter(comparable_group="mmlu_measured"), alone
    )


def test_no_points_give_no_rows_of_the_same_columns() -> None:
    empty = scaling_fits(frame([]), seed=1)
    assert empty.is_empty()
    assert empty.columns == scaling_fits(frame(on_a_line(1, 0)), draws=5, seed=1).columns
    assert fit_bands(frame([]), seed=1).is_empty()


@pytest.mark.parametrize(
    ("n_families", "slope_lo", "slope_hi", "refusal", "reason"),
    [
        (8, 0.1, 2.0, None, None),
        (8, -2.0, -0.1, None, None),
        (7, 0.1, 2.0, None, "7 families of models, 8 are needed"),
        (8, -0.1, 2.0, None, "score does not clearly change with size: slope -0.10 to 2.00 with 90 % confidence"),
        (8, None, None, None, "the slope has no interval"),
        (3, None, None, "too few", "too few"),
    ],
)
def test_a_chart_draws_a_line_of_eight_families_whose_slope_is_not_zero(
    empty: duckdb.DuckDBPyConnection,
    n_families: int,
    slope_lo: float | None,
    slope_hi: float | None,
    refusal: str | None,
    reason: str | None,
) -> None:
    with empty as con:
        insert_rules(con, read_policy())
        con.execute(
            "insert into mart.scaling_fit (population, comparable_group, openness, era, form, n_families, slope_lo, slope_hi,"
            " refusal_reason) values ('official', 'g', 'proprietary', 'all', 'total', ?, ?, ?, ?)",
            [n_families, slope_lo, slope_hi, refusal],
        )
        assert con.execute("select no_line_reason from mart.drawn_lines").fetchall() == [(reason,)]
