"""The laws of pretraining loss give their published optima."""

from __future__ import annotations

import polars as pl
import pytest

from leaderboard_etl.analysis.chinchilla import Law, optimum, predicted_loss, read_laws, tokens_per_parameter
from leaderboard_etl.errors import PolicyError
from leaderboard_etl.policy import Policy, read_policy

GOPHER_FLOP = 5.76e23  # the budget that Hoffmann et al. 2022 planned for


def laws() -> dict[str, Law]:
    return {law.law_id: law for law in read_laws(read_policy())}


@pytest.mark.parametrize(
    ("law_id", "params", "tokens", "ratio"),
    [
        ("hoffmann_2022_printed", 32e9, 2.98e12, 93),
        ("hoffmann_2022_unrounded", 40e9, 2.38e12, 59),
        ("besiroglu_2024", 72e9, 1.33e12, 18),
        ("besiroglu_2024_grid", 73e9, 1.31e12, 18),
    ],
)
def test_each_law_has_its_known_optimum(law_id: str, params: float, tokens: float, ratio: float) -> None:
    found = optimum(laws()[law_id], GOPHER_FLOP)
    assert found[0] == pytest.approx(params, abs=0.5e9)
    assert found[1] == pytest.approx(tokens, abs=0.005e12)
    assert found[2] == pytest.approx(ratio, abs=0.5)


@pytest.mark.parametrize("law", laws().values(), ids=str)
def test_the_optimum_spends_its_compute_and_no_neighbour_has_less_loss(law: Law) -> None:
    params, tokens, _ = optimum(law, GOPHER_FLOP)
    assert 6 * params * tokens == pytest.approx(GOPHER_FLOP)
    best = predicted_loss(law, params, tokens)
    assert all(predicted_loss(law, params * shift, tokens / shift) > best for shift in (0.9, 0.99, 1.01, 1.1))


def test_the_loss_by_hand() -> None:
    """E + A/N^α + B/D^β with N = 100 and D = 16: 2 + 30/10 + 8/2 = 9."""
    assert predicted_loss(Law("x", 2, 30, 8, 0.5, 0.25), 100, 16) == pytest.approx(9)


def test_tokens_per_parameter_counts_what_each_token_uses() -> None:
    models = pl.DataFrame(
        {
            "model_id": ["dense", "mixture", "unknown_mixture", "unknown_kind", "no_tokens"],
            "params_total": [10**9, 10**10, 10**10, 10**9, 10**9],
            "params_active": [None, 10**9, None, None, 10**9],
            "is_moe": [False, True, True, None, False],
            "training_tokens": [2e10, 4e10, 1e12, 1e12, None],
        }
    )
    law = laws()["besiroglu_2024"]
    rows = {row["model_id"]: row for row in tokens_per_parameter(models, [law]).iter_rows(named=True)}
    assert list(rows) == ["dense", "mixture"]
    assert [row["tokens_per_param"] for row in rows.values()] == pytest.approx([20, 40])
    assert [row["compute_flop"] for row in rows.values()] == pytest.approx([1.2e20, 2.4e20])
    mixture = rows["mixture"]
    assert mixture["optimal_tokens_per_param"] == pytest.approx(optimum(law, 2.4e20)[2])
    assert mixture["ratio_to_optimum"] == pytest.approx(40 / mixture["optimal_tokens_per_param"])
    assert mixture["predicted_loss"] == pytest.approx(predicted_loss(law, 1e9, 4e10))


def test_a_model_at_a_laws_optimum_has_ratio_one() -> None:
    law = laws()["hoffmann_2022_unrounded"]
    params, tokens, _ = optimum(law, 1e22)
    models = pl.DataFrame(
        {
            "model_id": ["m"], "params_total": [params], "params_active": [params], "is_moe": [None],
            "training_tokens": [tokens],
        },
        schema_overrides={"is_moe": pl.Boolean},
    )  # fmt: skip
    table = tokens_per_parameter(models, list(laws().values()))
    assert table["law_id"].to_list() == list(laws())
    assert table.row(by_predicate=pl.col("law_id") == law.law_id, named=True)["ratio_to_optimum"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("x,1,2,3,0.3,", "five constants above zero"),
        ("x,1,2,3,0.3,-0.3", "five constants above zero"),
        ("x,1,2,3,0.3,0.3\nx,1,2,3,0.3,0.3", "unique law_id"),
        ("x,1,2,3,0.3,about a third", "not a number"),
    ],
)
def test_a_bad_constant_is_named_with_its_file(rows: str, message: str) -> None:
    text = "law_id,e_loss,a_coefficient,b_coefficient,alpha,beta\n" + rows
    with pytest.raises(PolicyError, match=message) as caught:
        read_laws(Policy({"scaling_laws": text.encode()}))
    assert "scaling_laws.csv" in str(caught.value)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(PolicyError, match="lacks the columns beta"):
        read_laws(Policy({"scaling_laws": b"law_id,e_loss,a_coefficient,b_coefficient,alpha\nx,1,2,3,4"}))


def test_every_law_links_its_source() -> None:
    assert read_policy().frame("scaling_laws")["source_url"].str.starts_with("https://").all()
