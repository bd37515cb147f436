"""Normalisation reproduces the leaderboard's published examples and obeys its laws."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard_etl.policy import Policy, read_policy
from leaderboard_etl.units import normalize_scores, normalized_pct, score_pct
from leaderboard_etl.warehouse.core import _corrected

fractions = st.floats(0, 1, allow_nan=False)


def corrected(scores: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """Scores under a policy with these corrections."""
    return _corrected(scores, Policy({"corrections": rules.write_csv().encode()}))


def norm(raw: float, baseline: float, ceiling: float = 1.0) -> float:
    return float(pl.select(normalized_pct(pl.lit(raw), pl.lit(baseline), pl.lit(ceiling))).item())


@pytest.mark.parametrize(
    ("raw", "baseline", "expected"),
    # https://huggingface.co/docs/leaderboards/open_llm_leaderboard/normalization: GPQA 0.6, and the three MuSR subtasks
    # (1/3, not 0.333, gives the page's own 40.00).
    [(0.6, 0.25, 46.67), (0.7, 1 / 2, 40.00), (0.4, 1 / 5, 25.00), (0.6, 1 / 3, 40.00)],
)
def test_the_published_examples_are_reproduced(raw: float, baseline: float, expected: float) -> None:
    assert round(norm(raw, baseline), 2) == expected


@given(raw=fractions, other=fractions, baseline=st.floats(0, 0.9))
def test_normalisation_keeps_order_and_stays_in_range(raw: float, other: float, baseline: float) -> None:
    low, high = sorted((raw, other))
    assert 0 <= norm(low, baseline) <= norm(high, baseline) <= 100 + 1e-9


@given(raw=fractions, baseline=st.floats(0, 0.9))
def test_normalisation_inverts_above_the_baseline(raw: float, baseline: float) -> None:
    value = norm(raw, baseline)
    if raw > baseline:
        assert baseline + value / 100 * (1 - baseline) == pytest.approx(raw)
    else:
        assert value == 0


def scored(variant_id: str, raw: float, unit: str, published: float | None = None) -> dict[str, object]:
    rows = pl.DataFrame(
        {
            "variant_id": [variant_id],
            "score_raw": [raw],
            "score_unit": [unit],
            "stderr_raw": [None],
            "score_norm_published_pct": [published],
            "n_shot": [None],
        },
        schema_overrides={"stderr_raw": pl.Float64, "score_norm_published_pct": pl.Float64, "n_shot": pl.Int32},
    )
    return normalize_scores(rows, read_policy().benchmarks).to_dicts()[0]


@given(st.integers(0, 10**9))
def test_every_spelling_of_one_score_is_the_same_percent(score_1e7_pct: int) -> None:
    frame = pl.DataFrame(
        {
            "score_raw": [float(f"{score_1e7_pct}e{power}") for power in (-9, -7, -8)],
            "score_unit": ["fraction", "percent", "points_10"],
        }
    )
    assert frame.select(score_pct()).to_series().to_list() == [float(f"{score_1e7_pct}e-7")] * 3


def test_a_fraction_and_a_percent_of_one_score_are_the_same_percent() -> None:
    assert scored("mmlu_reported", 0.864, "fraction")["score_pct"] == pytest.approx(86.4)
    assert scored("mmlu_reported", 86.4, "percent")["score_pct"] == 86.4


def test_a_score_that_only_subtasks_can_normalise_keeps_the_published_value() -> None:
    row = scored("bbh_olb_v2", 0.6, "fraction", published=42.7)
    assert (row["score_norm_pct"], row["norm_method"]) == (42.7, "published")
    assert scored("bbh_olb_v2", 0.6, "fraction")["norm_method"] == "none"


def test_a_score_without_a_level_of_guessing_has_no_normalised_value() -> None:
    row = scored("mt_bench_reported", 9.0, "points_10")
    assert (row["score_pct"], row["score_norm_pct"], row["norm_method"]) == (90.0, None, "none")


def test_shots_come_from_the_variant_if_the_source_states_none() -> None:
    assert scored("mmlu_olb_v1", 60.0, "percent")["n_shot"] == 5


CORRECTED = {"corrected_score_raw": None, "corrected_variant_id": None, "corrected_model_id": None, "status": "active"}


def test_a_correction_applies_only_while_the_source_publishes_the_wrong_value() -> None:
    key = {"source_id": "arena", "source_name": "small", "variant_id": "mmlu_arena", "precision": "unknown"}
    rules = [
        CORRECTED | {**key, "expected_score_raw": "0.643", "corrected_score_raw": "0.423", "status": status}
        for status in ("active", "inactive")
    ]
    corrections = pl.DataFrame(rules)
    published = pl.DataFrame([{**key, "score_raw": raw} for raw in (0.643, 0.43)])
    found = corrected(published, corrections.filter(status="active"))
    assert found.select("score_raw", "is_corrected").rows() == [(0.423, True), (0.43, False)]
    assert corrected(published, corrections.filter(status="inactive"))["score_raw"].to_list() == [0.643, 0.43]


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({"corrected_variant_id": "gpqa_diamond_reported"}, ("gpqa_diamond_reported", 0.801, None, True)),
        ({"corrected_model_id": "o/base"}, ("gpqa_reported", 0.801, "o/base", True)),
        ({"corrected_score_raw": "0.81"}, ("gpqa_reported", 0.81, None, True)),
        ({"expected_score_raw": "0.8"}, ("gpqa_reported", 0.801, None, False)),
    ],
)
def test_a_correction_moves_a_score_to_the_right_variant_or_model(
    rule: dict[str, str], wanted: tuple[Any, ...]
) -> None:
    key = {"source_id": "reference", "source_name": "o/m", "variant_id": "gpqa_reported", "precision": "unknown"}
    rules = pl.DataFrame([CORRECTED | key | {"expected_score_raw": "0.801"} | rule])
    found = corrected(pl.DataFrame([{**key, "score_raw": 0.801}]), rules)
    assert found.select("variant_id", "score_raw", "corrected_model_id", "is_corrected").row(0) == wanted


def test_a_load_with_an_older_corrections_table_is_judged_by_it() -> None:
    key = {"source_id": "arena", "source_name": "small", "variant_id": "mmlu_arena", "precision": "unknown"}
    rules = pl.DataFrame([{**key, "expected_score_raw": "0.6", "corrected_score_raw": "0.4", "status": "active"}])
    found = corrected(pl.DataFrame([{**key, "score_raw": 0.6}]), rules)
    assert found.select("variant_id", "score_raw", "corrected_model_id").row(0) == ("mmlu_arena", 0.4, None)


def test_every_correction_corrects_something() -> None:
    corrections = read_policy().frame("corrections")
    right = ("corrected_score_raw", "corrected_variant_id", "corrected_model_id")
    assert corrections.filter(pl.all_horizontal(pl.col(*right).is_null())).is_empty()
