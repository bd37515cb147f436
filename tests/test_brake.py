"""A table that lost a tenth of its rows or changed its unit is held back; a restatement is not."""

from __future__ import annotations

import polars as pl

from leaderboard_etl.pipeline.brake import brake


def scores(values: dict[str, float]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source_name": list(values),
            "precision": ["bfloat16"] * len(values),
            "variant_id": ["v"] * len(values),
            "score_raw": list(values.values()),
            "score_unit": ["fraction"] * len(values),
        }
    )


BEFORE = scores({f"m{n}": 0.3 + n / 1000 for n in range(100)})


def test_a_wholesale_restatement_passes() -> None:
    assert brake("s", BEFORE, BEFORE.with_columns(pl.col("score_raw") * 1.5)) == []


def test_a_tenth_gone_passes_and_more_is_held() -> None:
    assert brake("s", BEFORE, BEFORE.head(90)) == []
    assert [d.kind for d in brake("s", BEFORE, BEFORE.head(89))] == ["rows_vanished"]


def test_fractions_that_became_percent_are_held() -> None:
    found = brake("s", BEFORE, BEFORE.with_columns(pl.col("score_raw") * 100))
    assert [d.kind for d in found] == ["magnitude"]
    assert all(d.is_held for d in found)


def test_a_first_load_has_nothing_to_compare_with() -> None:
    assert brake("s", BEFORE.head(0), BEFORE) == []
