"""Self-reported against measured scores, computed by hand."""

from __future__ import annotations

import polars as pl
import pytest

from leaderboard_etl.analysis.self_report import self_report_gap, self_report_pairs

SCHEMA = {
    "model_id": pl.String,
    "benchmark_id": pl.String,
    "comparable_group": pl.String,
    "variant_id": pl.String,
    "reported_by": pl.String,
    "score_pct": pl.Float64,
    "family": pl.String,
    "stated_setting": pl.String,
    "place": pl.Int64,
}
Row = tuple[str, str, str, str, str, float | None, str | None, str | None, int]


def scores(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


def row(
    model: str,
    by: str,
    pct: float | None,
    family: str | None = None,
    variant: str = "v",
    setting: str | None = None,
    place: int = 1,
) -> Row:
    return (model, "mmlu", "mmlu_x", variant, by, pct, family, setting, place)


def world(gaps: dict[str, float], family: dict[str, str] | None = None, by: str = "vendor_model_index") -> pl.DataFrame:
    """Models with a measured score of 50 that report 50 plus their gap."""
    kin = (family or {}).get
    measured = [row(model, "leaderboard", 50.0, kin(model)) for model in gaps]
    return scores(*measured, *(row(model, by, 50.0 + gap, kin(model)) for model, gap in gaps.items()))


FIVE = {"a": 2.0, "b": 4.0, "c": 0.0, "d": -1.0, "e": 5.0}


def test_five_models_by_hand() -> None:
    result = self_report_gap(world(FIVE)).row(0, named=True)
    assert (result["benchmark_id"], result["vendor_kind"]) == ("mmlu", "vendor_model_index")
    assert (result["n_models"], result["n_families"], result["n_copies"], result["n_same_variant"]) == (5, 5, 1, 5)
    assert (result["mean_gap_pct"], result["median_gap_pct"], result["share_positive"]) == (2.0, 2.0, 0.6)
    assert -1.0 < result["lo_pct"] < 2.0 < result["hi_pct"] < 5.0
    assert result["refusal_reason"] is None


def test_there_is_also_a_mean_without_copies_of_the_leaderboards_own_score() -> None:
    result = self_report_gap(world(FIVE | {"f": 0.0, "g": 0.05, "h": 8.0})).row(0, named=True)
    assert (result["n_models"], result["n_copies"]) == (8, 3)
    assert result["mean_gap_pct"] == pytest.approx(18.05 / 8, abs=1e-6)
    assert result["mean_not_copied_pct"] == pytest.approx(18 / 5)
    assert result["lo_not_copied_pct"] < 18 / 5 < result["hi_not_copied_pct"]


def test_if_nearly_all_are_copies_there_is_no_mean_without_them() -> None:
    result = self_report_gap(world(FIVE)).row(0, named=True)
    assert result["mean_not_copied_pct"] is None
    assert result["refusal_reason_not_copied"] == "4 models whose report is not a copy; at least 5 are needed"


def test_four_models_are_refused_and_no_number_is_given() -> None:
    result = self_report_gap(world({k: FIVE[k] for k in "abcd"})).row(0, named=True)
    assert result["refusal_reason"] == "4 models with both scores; at least 5 are needed"
    assert result["mean_gap_pct"] is result["lo_pct"] is result["share_positive"] is None
    assert result["n_models"] == 4


def test_whole_families_are_drawn() -> None:
    gaps = {f"m{i}": (10.0 if i < 10 else 0.0) for i in range(20)}
    alone = self_report_gap(world(gaps)).row(0, named=True)
    kin = {model: ("up" if gap else "flat") for model, gap in gaps.items()}
    together = self_report_gap(world(gaps, kin)).row(0, named=True)
    assert together["mean_gap_pct"] == alone["mean_gap_pct"] == 5.0
    assert (together["n_families"], together["lo_pct"], together["hi_pct"]) == (2, 0.0, 10.0)
    assert alone["hi_pct"] - alone["lo_pct"] < 5.0


def test_one_family_is_refused_because_its_draws_are_all_the_same() -> None:
    result = self_report_gap(world(FIVE, dict.fromkeys(FIVE, "llama"))).row(0, named=True)
    assert result["lo_pct"] is None
    assert "one family" in result["refusal_reason"]


def test_vendor_kinds_stay_apart_and_other_reporters_are_not_used() -> None:
    both = pl.concat([world(FIVE), world({"a": 9.0}, by="vendor_card_table"), world(FIVE, by="community")]).unique()
    assert self_report_gap(both).select("vendor_kind", "n_models").rows() == [
        ("vendor_card_table", 1),
        ("vendor_model_index", 5),
    ]


def test_a_pair_needs_the_same_model_and_the_same_benchmark() -> None:
    elsewhere = scores(
        row("a", "leaderboard", 50.0),
        row("b", "vendor_model_index", 60.0),
        ("a", "gsm8k", "g", "v", "vendor_model_index", 60.0, None, None, 1),
        row("c", "leaderboard", 50.0),
        row("c", "vendor_model_index", None),
    )
    assert self_report_pairs(elsewhere).is_empty()
    assert self_report_gap(elsewhere).is_empty()


def told_pct(*rows: Row) -> tuple[float, float]:
    pair = self_report_pairs(scores(*rows)).row(0, named=True)
    return pair["reported_pct"], pair["measured_pct"]


def test_a_report_without_a_setting_is_held_against_the_score_that_the_charts_show_and_no_median_of_settings() -> None:
    without = row("haiku", "third_party", 60.5, place=2)
    with_32k = row("haiku", "third_party", 71.2, setting="32K", place=1)
    reported = row("haiku", "vendor", 73.0, place=2)
    assert told_pct(reported, without, with_32k) == (73.0, 71.2)
    # The same of the reported side.
    assert told_pct(reported, row("haiku", "vendor", 62.0, place=4), without) == (73.0, 60.5)


def test_where_both_sides_state_the_same_setting_it_is_compared_although_a_higher_one_would_come_first() -> None:
    measured = [
        row("a", "third_party", pct, setting=name, place=place)
        for name, pct, place in (("high", 80.0, 1), ("medium", 70.0, 2), ("low", 60.0, 3))
    ]
    low, medium = (row("a", "vendor", pct, setting=name) for name, pct in (("low", 61.0), ("medium", 72.0)))
    assert told_pct(low, *measured) == (61.0, 60.0)
    assert told_pct(low, medium, *measured) == (72.0, 70.0)
    assert told_pct(row("a", "vendor", 90.0, setting="max"), *measured) == (90.0, 80.0)


def test_where_both_sides_have_the_same_variant_it_is_compared_although_another_would_come_first() -> None:
    reported = [row("a", "vendor", 75.0, variant="own"), row("a", "vendor", 70.0, variant="five_shot", place=2)]
    assert told_pct(*reported, row("a", "leaderboard", 69.0, variant="five_shot")) == (70.0, 69.0)


def test_the_setting_is_agreed_by_each_pair_of_kind_and_group() -> None:
    pairs = self_report_pairs(
        scores(
            row("a", "vendor", 61.0, setting="low"),
            row("a", "vendor_eval_results", 73.0, setting="medium"),
            row("a", "third_party", 60.0, setting="low", place=2),
            row("a", "third_party", 70.0, setting="medium", place=1),
        )
    )
    assert pairs.select("vendor_kind", "gap_pct").rows() == [("vendor", 1.0), ("vendor_eval_results", 3.0)]


def test_values_that_tie_on_a_side_are_replaced_by_their_median_the_lower_of_two() -> None:
    tied = [row("a", "third_party", pct) for pct in (70.0, 72.0)]
    assert told_pct(row("a", "vendor", 75.0), *tied) == (75.0, 70.0)


def test_several_values_of_a_side_are_replaced_by_their_median() -> None:
    several = scores(
        row("a", "leaderboard", 40.0, "f"),
        row("a", "leaderboard", 50.0, "f", variant="w"),
        row("a", "leaderboard", 90.0, "f"),
        row("a", "vendor_eval_results", 52.0, None, variant="own"),
    )
    assert self_report_pairs(several).row(0, named=True) == {
        "benchmark_id": "mmlu",
        "vendor_kind": "vendor_eval_results",
        "measured_group": "mmlu_x",
        "model_id": "a",
        "family": "f",
        "reported_pct": 52.0,
        "measured_pct": 50.0,
        "reported_variants": ["own"],
        "measured_variants": ["v", "w"],
        "n_reported_values": 1,
        "n_measured_values": 3,
        "gap_pct": 2.0,
        "is_copy": False,
        "is_same_variant": False,
    }


@pytest.mark.parametrize(("gap", "is_copy"), [(0.0, True), (0.05, True), (-0.05, True), (0.06, False), (1.0, False)])
def test_a_report_equal_to_the_rounded_measurement_is_a_copy(gap: float, is_copy: bool) -> None:
    assert self_report_pairs(world({"a": gap}))["is_copy"].to_list() == [is_copy]


def test_row_order_does_not_matter_and_the_seed_does() -> None:
    frame = world({f"m{i}": float(i * i % 7) for i in range(12)})
    first = self_report_gap(frame)
    assert first.equals(self_report_gap(frame.sample(fraction=1.0, shuffle=True, seed=4)))
    assert not first.equals(self_report_gap(frame, seed=99))


def test_a_curated_row_is_the_vendors_or_measured_as_it_says_and_each_measured_group_is_held_against_it() -> None:
    rows = [
        ("a", "gpqa", "diamond", "vendor_diamond", "reference", 60.0, "f", None, 1, False),
        ("a", "gpqa", "diamond", "epoch_diamond", "reference", 55.0, "f", None, 1, True),
        ("a", "gpqa", "main", "helm_main", "third_party", 50.0, "f", None, 1, None),
        ("a", "gpqa", "quoted", "arena", "arena", 40.0, "f", None, 1, None),
        ("a", "gpqa", "quoted", "unsaid", "reference", 41.0, "f", None, 1, None),
    ]
    told = self_report_gap(pl.DataFrame(rows, schema={**SCHEMA, "is_verified": pl.Boolean}, orient="row"))
    assert told.select("vendor_kind", "measured_group", "n_models", "protocols").rows() == [
        ("reference", "diamond", 1, "reported as vendor_diamond; measured as epoch_diamond"),
        ("reference", "main", 1, "reported as vendor_diamond; measured as helm_main"),
    ]
