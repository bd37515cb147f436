"""Laws of pretraining loss, L(N, D) = E + A/N^α + B/D^β, as reference columns.

They say nothing about benchmark scores. Hoffmann et al. 2022 (arXiv 2203.15556) and its replication by Besiroglu et al.
2024 (arXiv 2404.10102) disagree about the optimum, and the printed, rounded constants differ most, so all are kept side
by side. The laws were fitted on dense models; for a mixture of experts N is the number of parameters used per token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import polars as pl

from leaderboard_etl.errors import PolicyError
from leaderboard_etl.policy import Policy

FLOP_PER_PARAM_TOKEN = 6  # C = 6·N·D: Kaplan et al. 2020, arXiv 2001.08361
CHINCHILLA_FLOP = 5.76e23  # the budget of Gopher and Chinchilla: Hoffmann et al. 2022, arXiv 2203.15556


@dataclass(frozen=True)
class Law:
    """One set of constants, for N in parameters and D in tokens; loss in nats per token."""

    law_id: str
    e_loss: float
    a_coefficient: float
    b_coefficient: float
    alpha: float
    beta: float


def read_laws(policy: Policy) -> list[Law]:
    """The laws of policy/scaling_laws.csv, in its order. Raises PolicyError on a missing or bad constant."""
    names = [field.name for field in fields(Law)]
    frame = policy.frame("scaling_laws")
    if absent := [name for name in names if name not in frame.columns]:
        raise PolicyError(f"policy/scaling_laws.csv lacks the columns {', '.join(absent)}")
    try:
        typed = frame.select("law_id", pl.col(names[1:]).cast(pl.Float64))
    except pl.exceptions.PolarsError as error:
        raise PolicyError(f"policy/scaling_laws.csv: a constant is not a number: {error}") from error
    bad = typed.filter(pl.any_horizontal(pl.all().is_null(), pl.col(names[1:]) <= 0))
    if bad.height or typed["law_id"].is_duplicated().any():
        raise PolicyError("policy/scaling_laws.csv: every row needs a unique law_id and five constants above zero")
    return [Law(**row) for row in typed.iter_rows(named=True)]


def predicted_loss(law: Law, params: float, tokens: float) -> float:
    """The law's pretraining loss, in nats per token on its own data, for `params` parameters trained on `tokens`
    tokens."""
    return float(law.e_loss + law.a_coefficient * params**-law.alpha + law.b_coefficient * tokens**-law.beta)


def optimum(law: Law, compute_flop: float) -> tuple[float, float, float]:
    """The parameters, tokens and tokens per parameter with the least loss under C = 6·N·D.

    Closed form (arXiv 2203.15556, eq. 4): N = G·(C/6)^(β/(α+β)), D = (C/6)^(α/(α+β))/G, G = (αA/βB)^(1/(α+β)).
    """
    exponents = law.alpha + law.beta
    product = compute_flop / FLOP_PER_PARAM_TOKEN
    balance = (law.alpha * law.a_coefficient / (law.beta * law.b_coefficient)) ** (1 / exponents)
    params = balance * product ** (law.beta / exponents)
    tokens = product ** (law.alpha / exponents) / balance
    return params, tokens, tokens / params


def law_optima(laws: Sequence[Law], compute_flop: float = CHINCHILLA_FLOP) -> pl.DataFrame:
    """One row per law: its constants, compute_flop, and the optimal_params, optimal_tokens and optimal_tokens_per_param
    for it."""
    rows = []
    for law in laws:
        params, tokens, ratio = optimum(law, compute_flop)
        optima = {"optimal_params": params, "optimal_tokens": tokens, "optimal_tokens_per_param": ratio}
        rows.append({**asdict(law), "compute_flop": compute_flop, **optima})
    return pl.DataFrame(rows)


def tokens_per_parameter(models: pl.DataFrame, laws: Sequence[Law]) -> pl.DataFrame:
    """Compares each model's training with the optimum of each law for the model's compute; one row per model and law.

    `models` has model_id, params_total, params_active, is_moe and training_tokens. A model without tokens, or without
    known parameters per token, has no row.

    Columns: model_id, law_id; params_total (null: unknown); params_per_token: N, the active parameters, or all parameters of
    a model known to be dense; training_tokens: D; compute_flop: 6·N·D; tokens_per_param: D/N; optimal_tokens_per_param: the
    law's optimum for that compute; ratio_to_optimum: tokens_per_param divided by it; predicted_loss: the law's loss for N and
    D, in nats per token on the law's own data (a reference, not a score).
    """
    used = pl.coalesce("params_active", pl.when(pl.col("is_moe").not_()).then("params_total"))
    trained = (
        models.select(
            "model_id",
            pl.col("params_total").cast(pl.Float64),
            used.cast(pl.Float64).alias("params_per_token"),
            pl.col("training_tokens").cast(pl.Float64),
        )
        .filter((pl.col("params_per_token") > 0) & (pl.col("training_tokens") > 0))
        .sort("model_id")
    )
    n, d = pl.col("params_per_token"), pl.col("training_tokens")
    derived = trained.with_columns(
        (FLOP_PER_PARAM_TOKEN * n * d).alias("compute_flop"), (d / n).alias("tokens_per_param")
    )
    rows = [
        {**model, "law_id": law.law_id, **_reference(law, model["params_per_token"], model["training_tokens"])}
        for model in derived.iter_rows(named=True)
        for law in laws
    ]
    floats = (
        "params_total", "params_per_token", "training_tokens", "compute_flop", "tokens_per_param",
        "optimal_tokens_per_param", "ratio_to_optimum", "predicted_loss",
    )  # fmt: skip
    schema: dict[str, pl.DataType] = {"model_id": pl.String(), "law_id": pl.String()}
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(floats, pl.Float64()))


def _reference(law: Law, params: float, tokens: float) -> dict[str, float]:
    best = optimum(law, FLOP_PER_PARAM_TOKEN * params * tokens)[2]
    return {
        "optimal_tokens_per_param": best,
        "ratio_to_optimum": tokens / params / best,
        "predicted_loss": predicted_loss(law, params, tokens),
    }
