"""The capability index on simulated worlds with known capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from leaderboard_etl.analysis import item_response
from leaderboard_etl.analysis.capability import DECIMALS, INTERVAL, _interval, fit_capability, index_gap
from leaderboard_etl.analysis.item_response import CLIP, Parameters, draw_capabilities, fit
from leaderboard_etl.errors import UsageError

ECI_PENALTY = 0.1  # of https://github.com/epoch-research/eci-public
DIFFICULTY = np.array([0.0, -1.0, 0.5, 1.5, -0.5, 1.0])
SLOPE = np.array([1.0, 0.8, 1.5, 1.2, 0.6, 2.0])


def points(scores: Mapping[str, Mapping[str, float]], **columns: Mapping[str, object]) -> pl.DataFrame:
    """Rows from scores (model -> group -> percent) and columns (name -> model -> value)."""
    rows = [
        {
            "model_id": model,
            "model": model.upper(),
            "openness": columns.get("openness", {}).get(model, "open_weights"),
            "released_on": columns.get("released_on", {}).get(model, date(2024, 1, 1)),
            "comparable_group": group,
            "score_pct": score,
            "score_norm_pct": None,
        }
        for model, groups in scores.items()
        for group, score in groups.items()
    ]
    return pl.DataFrame(
        rows, schema_overrides={"score_pct": pl.Float64, "score_norm_pct": pl.Float64, "released_on": pl.Date}
    )


def world(capability: np.ndarray, noise_pct: float = 0.0, share: float = 1.0, seed: int = 0) -> pl.DataFrame:
    """Scores of models m000.. on groups g0..g5; every model has a score in g0, and a share of them in the other
    groups."""
    rng = np.random.default_rng(seed)
    score = (
        100 / (1 + np.exp(-SLOPE * (capability[:, None] - DIFFICULTY)))
        + rng.normal(0, 1, (len(capability), 6)) * noise_pct
    )
    kept = rng.random(score.shape) < share
    kept[:, 0] = True
    kept[np.arange(len(score)), 1 + np.arange(len(score)) % 5] = kept[
        np.arange(len(score)), 1 + (np.arange(len(score)) + 2) % 5
    ] = True
    return points(
        {
            f"m{m:03}": {f"g{g}": float(np.clip(score[m, g], 0, 100)) for g in np.flatnonzero(kept[m])}
            for m in range(len(score))
        }
    )


def capability_of(index: pl.DataFrame) -> dict[str, float | None]:
    return dict(index.select("model_id", "capability").iter_rows())


def test_without_noise_capabilities_and_item_parameters_are_recovered() -> None:
    truth = np.linspace(-2, 3, 60)
    fitted = fit_capability(world(truth), draws=0, penalty=1e-4)
    found = fitted.index.sort("model_id")["capability"].to_numpy()
    assert np.abs(found - truth).max() < 0.01
    assert np.abs(fitted.items["difficulty"].to_numpy() - DIFFICULTY).max() < 0.01
    assert np.abs(fitted.items["discriminability"].to_numpy() - SLOPE).max() < 0.01


def test_the_penalty_shrinks_the_differences_but_keeps_their_order() -> None:
    index = fit_capability(world(np.linspace(-2, 3, 60)), draws=0, penalty=ECI_PENALTY).index
    assert index["model_id"].to_list() == [f"m{m:03}" for m in reversed(range(60))]
    assert 4.0 < index["capability"][0] - index["capability"][-1] < 4.95  # five without it


def test_with_noise_and_gaps_the_order_is_recovered_and_intervals_contain_the_truth() -> None:
    truth = np.random.default_rng(7).normal(0.5, 1.2, 60)
    index = fit_capability(world(truth, noise_pct=3.0, share=0.5), draws=60).index.sort("model_id")
    found = index["capability"].to_numpy()
    assert np.corrcoef(truth.argsort().argsort(), found.argsort().argsort())[0, 1] > 0.97
    inside = (index["capability_lo"].to_numpy() <= truth) & (truth <= index["capability_hi"].to_numpy())
    assert inside.mean() > 0.65  # drawing single scores with replacement is known to give narrow intervals
    assert np.median(index["capability_hi"].to_numpy() - index["capability_lo"].to_numpy()) < 1.0


def test_no_parameter_can_be_moved_to_a_lower_loss() -> None:
    rng = np.random.default_rng(3)
    target = np.clip(rng.random((12, 4)), CLIP, 1 - CLIP)
    seen = (rng.random((12, 4)) < 0.8).astype(float)
    seen[:, 0] = 1
    theta = fit(target, seen, anchor=0, penalty=ECI_PENALTY)
    best = np.concatenate([theta.capability[0], theta.difficulty[0], theta.log_slope[0]])

    def loss(parameters: np.ndarray) -> float:
        capability, difficulty, slope = parameters[:12], parameters[12:16], np.exp(parameters[16:])
        misfit = seen * (1 / (1 + np.exp(-slope * (capability[:, None] - difficulty))) - target) ** 2
        levels = parameters[:16] - parameters[:16].mean()  # the anchor's zero is set after the penalty has been paid
        return float(misfit.sum() + ECI_PENALTY / (12 + 8 - 1) * ((levels**2).sum() + (slope[1:] ** 2).sum()))

    for place in [*range(16), 17, 18, 19]:
        for move in (-1e-3, 1e-3):
            moved = best.copy()
            moved[place] += move
            assert loss(moved) > loss(best) - 1e-8


def test_perfect_and_hopeless_models_get_finite_capabilities_at_the_ends() -> None:
    scores = world(np.linspace(-1, 2, 12))
    score = pl.when(pl.col("model_id") == "m003").then(100.0).when(pl.col("model_id") == "m007").then(0.0)
    for penalty in (0.1, 1e-4):
        index = fit_capability(
            scores.with_columns(score_pct=score.otherwise("score_pct")), draws=5, penalty=penalty
        ).index
        assert (index["model_id"][0], index["model_id"][-1]) == ("m003", "m007")
        assert np.abs(index["capability"].to_numpy()).max() <= 20  # both ends of the bounds apart
        assert index.select("capability", "capability_lo", "capability_hi").null_count().row(0) == (0, 0, 0)


def test_the_anchor_is_the_benchmark_with_most_models_at_zero_and_one() -> None:
    scores = world(np.linspace(-1, 2, 12))
    assert fit_capability(scores, draws=0).index["anchor_group"].unique().to_list() == [
        "g0"
    ]  # of equals the first by name
    without = [("m000", "g0"), ("m001", "g1"), ("m001", "g2"), ("m002", "g3"), ("m003", "g4")]
    fewer = scores.filter(
        ~pl.concat_str("model_id", "comparable_group").is_in([model + group for model, group in without])
    )
    assert fit_capability(fewer).items.filter("is_anchor").rows() == [("g5", 0.0, 1.0, 12, True)]
    assert fit_capability(fewer, draws=0).index["anchor_group"].unique().to_list() == ["g5"]


def test_a_model_with_few_benchmarks_is_refused_with_a_reason_and_no_number() -> None:
    scores = world(np.linspace(-1, 2, 10))
    few = scores.filter((pl.col("model_id") != "m004") | pl.col("comparable_group").is_in(["g0", "g1"]))
    row = fit_capability(few, draws=5).index.filter(model_id="m004").row(0, named=True)
    assert row["capability"] is row["capability_lo"] is row["capability_hi"] is None
    assert row["refusal_reason"] == "has scores in 2 benchmarks that can be compared; at least 3 are needed"
    assert fit_capability(few, draws=0, min_benchmarks=2).index["refusal_reason"].null_count() == 10


def test_a_benchmark_of_two_models_does_not_count() -> None:
    scores = {f"m{i}": {"a": 30.0 + 5 * i, "b": 40.0 + 4 * i, "c": 20.0 + 6 * i} for i in range(5)}
    scores |= {"x": {"a": 50.0, "b": 50.0, "rare": 50.0}, "y": {"a": 60.0, "b": 55.0, "rare": 50.0}}
    refused = fit_capability(points(scores), draws=0).index.filter(pl.col("refusal_reason").is_not_null())
    assert refused["model_id"].to_list() == ["x", "y"]
    assert "has scores in 2 benchmarks" in refused["refusal_reason"][0]


def test_models_that_share_no_benchmark_with_the_others_are_refused() -> None:
    mainland = {f"m{i}": {"a": 30.0 + 5 * i, "b": 40.0 + 4 * i, "c": 20.0 + 6 * i} for i in range(6)}
    island = {f"i{i}": {"p": 30.0 + 9 * i, "q": 40.0 + 9 * i, "r": 20.0 + 9 * i} for i in range(3)}
    index = fit_capability(points(mainland | island), draws=5).index
    refused = index.filter(pl.col("capability").is_null())
    assert sorted(refused["model_id"]) == ["i0", "i1", "i2"]
    assert refused["refusal_reason"].unique().to_list() == [
        "no chain of shared benchmarks leads to the 6 models compared here"
    ]
    bridged = island | {"i0": {"p": 30.0, "q": 40.0, "r": 20.0, "a": 35.0}}
    assert fit_capability(points(mainland | bridged), draws=0).index["refusal_reason"].null_count() == 9


def test_row_order_does_not_matter_and_the_seed_does() -> None:
    scores = world(np.linspace(-1, 2, 15), noise_pct=4.0, share=0.6)
    first = fit_capability(scores, draws=8)
    again = fit_capability(scores.sample(fraction=1.0, shuffle=True, seed=5), draws=8)
    assert first.index.equals(again.index)
    assert np.array_equal(first.draws_logits, again.draws_logits, equal_nan=True)
    assert not first.index.equals(fit_capability(scores, draws=8, seed=1).index)


def test_the_baseline_corrected_score_is_used_where_it_is_defined() -> None:
    scores = world(np.linspace(-1, 2, 10))
    shifted = scores.with_columns(score_norm_pct=pl.col("score_pct"), score_pct=pl.lit(99.0))
    assert capability_of(fit_capability(shifted, draws=0).index) == capability_of(fit_capability(scores, draws=0).index)


def test_two_scores_of_a_model_in_a_group_are_an_error_that_names_both() -> None:
    scores = world(np.linspace(-1, 2, 5))
    with pytest.raises(UsageError, match="m000 has more than one row in g0"):
        fit_capability(pl.concat([scores, scores.head(1)]))


def gap_world() -> pl.DataFrame:
    names = ["p_old", "p_new", "o_old", "o_new", "o_late", "o_undated"]
    capability = dict(zip(names, [1.0, 1.8, 0.2, 1.3, 2.5, 3.0], strict=True))
    groups = zip("abcdef", DIFFICULTY, SLOPE, strict=True)
    curves = [(group, difficulty, slope) for group, difficulty, slope in groups]
    return points(
        {n: {g: float(100 / (1 + np.exp(-s * (capability[n] - d)))) for g, d, s in curves} for n in names},
        openness={"p_old": "proprietary", "p_new": "proprietary"},
        released_on={
            "p_new": date(2025, 3, 1),
            "o_new": date(2025, 4, 1),
            "o_late": date(2025, 9, 1),
            "o_undated": None,
        },
    )


def test_the_gap_is_between_the_best_of_each_side_on_the_day() -> None:
    fitted = fit_capability(gap_world(), draws=40)
    row = index_gap(fitted, date(2025, 6, 30)).row(0, named=True)
    assert (row["proprietary_model_id"], row["open_model_id"]) == ("p_new", "o_new")
    assert (row["n_proprietary"], row["n_open"]) == (2, 2)
    assert row["gap_logits"] == pytest.approx(row["proprietary_capability"] - row["open_capability"])
    assert row["gap_logits"] == pytest.approx(0.5, abs=0.1)
    assert row["gap_lo"] <= row["gap_logits"] <= row["gap_hi"]
    assert index_gap(fitted, date(2025, 12, 31))["gap_logits"][0] < 0  # o_late leads


def test_nothing_counts_after_either_side_could_last_be_observed() -> None:
    fitted = fit_capability(gap_world(), draws=0)
    row = index_gap(fitted, date(2025, 12, 31), observed_through_proprietary_on=date(2025, 3, 15)).row(0, named=True)
    assert (row["compared_on"], row["open_model_id"]) == (date(2025, 3, 15), "o_old")
    assert row["gap_lo"] is None  # no draws, no interval


def test_a_gap_without_a_side_is_refused() -> None:
    only_open = fit_capability(gap_world().filter(openness="open_weights"), draws=2)
    row = index_gap(only_open, date(2025, 6, 30)).row(0, named=True)
    assert row["gap_logits"] is None
    assert row["refusal_reason"] == "no proprietary model with a capability and a date by 2025-06-30"
    empty = fit_capability(gap_world().head(0))
    assert empty.index.is_empty()
    assert "no open and no proprietary" in index_gap(empty, date(2025, 6, 30))["refusal_reason"][0]


def sparse_scores(n_models: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Capabilities, scores as fractions with noise, and which of them are seen: two leaderboards that share no benchmark, and a
    few models with scores in both."""
    rng = np.random.default_rng(seed)
    capability = rng.normal(0.5, 1.2, n_models)
    target = 1 / (1 + np.exp(-SLOPE * (capability[:, None] - DIFFICULTY))) + rng.normal(0, 0.03, (n_models, 6))
    seen = np.zeros((n_models, 6))
    on_first = rng.random(n_models) < 0.5
    seen[on_first, :3], seen[~on_first, 3:] = 1, 1
    seen[:10] = 1
    return capability, np.clip(target, CLIP, 1 - CLIP), seen


def test_models_with_scores_on_the_same_benchmarks_are_fitted_as_well_in_blocks_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, target, seen = sparse_scores(300, seed=1)
    whole = fit(target, seen, anchor=0)
    drawn = draw_capabilities(target, seen, 0, whole, 3, np.random.default_rng(1))
    monkeypatch.setattr(item_response, "MANY_MODELS", 20)
    monkeypatch.setattr(item_response, "MOST_VALUES", 100)  # and in portions
    in_blocks = fit(target, seen, anchor=0)
    for part, same in zip(whole, in_blocks, strict=True):
        assert np.allclose(part, same, rtol=0, atol=1e-7)
    again = draw_capabilities(target, seen, 0, whole, 3, np.random.default_rng(1))
    assert np.allclose(drawn, again, rtol=0, atol=1e-6, equal_nan=True)


def test_printed_digits_depend_neither_on_where_the_search_began_nor_on_the_portions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, target, seen = sparse_scores(300, seed=1)
    rng = np.random.default_rng(5)
    found = fit(target, seen, anchor=0)
    drawn = draw_capabilities(target, seen, 0, found, 5, np.random.default_rng(1))
    elsewhere = Parameters(*(rng.normal(0, 0.3, part.shape) + part for part in found))
    elsewhere.log_slope[:, 0] = 0  # the anchor's
    monkeypatch.setattr(item_response, "_additive", lambda target, seen: elsewhere)
    monkeypatch.setattr(item_response, "MANY_MODELS", 20)
    monkeypatch.setattr(item_response, "MOST_VALUES", 100)
    monkeypatch.setattr(item_response, "MOST_DRAWN", 1)
    again = fit(target, seen, anchor=0)
    drawn_again = draw_capabilities(target, seen, 0, elsewhere, 5, np.random.default_rng(1))
    for part, same in [*zip(found, again, strict=True), (drawn, drawn_again)]:
        assert np.allclose(part, same, rtol=0, atol=0.05 * 10.0**-DECIMALS, equal_nan=True)


def test_models_that_are_moved_alone_end_where_all_are_moved_together(monkeypatch: pytest.MonkeyPatch) -> None:
    _, target, seen = sparse_scores(300, seed=2)
    apart = fit(target, seen, anchor=0)
    monkeypatch.setattr(item_response, "_settled", all_together)
    together = fit(target, seen, anchor=0)
    for part, same in zip(together, apart, strict=True):
        assert np.allclose(part, same, rtol=0, atol=1e-7)


def all_together(_scores: object, _here: Parameters, there: Parameters, _ridge: float) -> Parameters:
    return there


def test_models_on_their_way_do_not_keep_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    _, target, seen = sparse_scores(300, seed=3)
    step = item_response._step
    n_steps: list[int] = []

    def counted(*given: Any) -> Any:
        n_steps[-1] += 1
        return step(*given)

    monkeypatch.setattr(item_response, "_step", counted)
    for settled in (all_together, item_response._settled):
        monkeypatch.setattr(item_response, "_settled", settled)
        n_steps.append(0)
        fit(target, seen, anchor=0)
    together, apart = n_steps
    assert 2 * apart <= together


def test_near_the_optimum_a_step_squares_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    _, target, seen = sparse_scores(300, seed=4)
    found = fit(target, seen, anchor=0)
    near = found._replace(capability=found.capability + 0.01 * np.sin(np.arange(300)))
    moved: list[float] = []

    def noted(here: Parameters, there: Parameters) -> np.ndarray:
        moved.append(float(farthest(here, there)[0]))
        return farthest(here, there)

    farthest = item_response._farthest
    monkeypatch.setattr(item_response, "_farthest", noted)
    monkeypatch.setattr(item_response, "_additive", lambda target, seen: near)
    fit(target, seen, anchor=0)
    assert len(moved) <= 4 and moved[-1] <= item_response.SETTLED


def test_the_interval_of_a_model_is_that_of_the_draws_that_placed_it() -> None:
    drawn = np.random.default_rng(4).normal(size=(20, 5))
    drawn[:3, 1], drawn[:11, 2], drawn[:, 3] = np.nan, np.nan, np.nan
    lo, hi = _interval(drawn)
    assert np.isnan(lo).tolist() == np.isnan(hi).tolist() == [False, False, True, True, False]
    for model in (0, 1, 4):
        assert [lo[model], hi[model]] == pytest.approx(np.nanquantile(drawn[:, model], INTERVAL))


def test_draws_are_kept_of_the_models_that_led_their_side_on_some_day() -> None:
    fitted = fit_capability(gap_world(), draws=4)
    assert sorted(fitted.leader_ids) == ["o_late", "o_new", "o_old", "p_new", "p_old"]
    assert fitted.draws_logits.shape == (4, 5)


SAME_SCORES = points({f"m{n}": {"a": 100.0, "b": 50.0, "c": 33.3, "d": 44.4, "e": 0.0} for n in range(131)})


def test_models_with_the_same_scores_are_as_capable_as_one_another() -> None:
    index = fit_capability(SAME_SCORES, draws=0).index
    assert index["capability"].null_count() == 0 and index["capability"].n_unique() == 1


def test_a_search_that_does_not_settle_refuses_every_model_without_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_response, "MAX_STEPS", 5)
    fitted = fit_capability(SAME_SCORES)
    assert fitted.index["capability"].null_count() == fitted.index.height == 131
    assert fitted.index["refusal_reason"].str.contains("did not settle").all() and fitted.items.is_empty()
    gap = index_gap(fitted, date(2025, 1, 1))
    assert gap["refusal_reason"].to_list() != [None] and gap["gap_logits"].to_list() == [None]
