"""Total and active parameters belong together: both come from one statement, or from two that agree.

A repository's config.json and its weights may describe two models: an adapter pushed with its base's config, a first shard
or a value head beside the config of the whole, packed weights. This module doubts or refuses contradictions, with the reason.
"""

from __future__ import annotations

import polars as pl

from leaderboard_etl.normalize.doubts import MOST_DISAGREEMENT_PCT, VAGUE, with_doubt
from leaderboard_etl.sizes.architecture import TEXT_ALONE

# Methods that count weights as stored, and so may count a part of them.
_STORED = ("safetensors", "index")
# What distinguishes one statement of a total and its active parameters.
STATEMENT = ["model_id", "source_id", "source_name", "method", "precision", "path"]
_TOLERANCE = MOST_DISAGREEMENT_PCT / 100
# Stored weights below this share of what a model has are packed, or a part of it.
LEAST_STORED = 0.9


def doubt_parts(judged: pl.DataFrame) -> pl.DataFrame:
    """Statements about sizes, with doubts on counts of stored weights below nine tenths of what the model's config.json lays
    out: a part, an adapter or packed.
    """
    laid_out = judged.filter((pl.col("method") == "config") & (pl.col("kind") == "total"))
    needed = laid_out.group_by("model_id").agg(pl.col("params").max().alias("needed"))
    doubt = pl.format("under nine tenths of the {} parameters that config.json lays out", "needed")
    beside = judged.join(needed, on="model_id", how="left", maintain_order="left")
    return with_doubt(beside, is_stored_part(pl.col("needed")), doubt).drop("needed")


def doubt_prediction(judged: pl.DataFrame) -> pl.DataFrame:
    """Statements about sizes, with doubts on totals that count layers for multi-token prediction too: those nearer to what the
    config lays out with them than without (684.5 and 671.0 billion in DeepSeek-V3)."""
    laid_out = judged.filter((pl.col("method") == "config") & pl.col("params").is_not_null())
    counts = laid_out.group_by("model_id").agg(
        pl.col("params").filter(pl.col("kind") == kind).max().alias(name)
        for kind, name in (("total", "without"), ("prediction", "more"))
    )
    off = (pl.col("params") - pl.col("without") - pl.col("more")).abs()
    is_with = (
        (pl.col("kind") == "total")
        & ~pl.col("method").is_in(["config", "override"])
        & (off < pl.col("more") / 2)
        & ~pl.col("is_doubtful")
    ).fill_null(False)
    doubt = pl.format("with {} parameters of layers for multi-token prediction", "more")
    beside = judged.join(counts, on="model_id", how="left", maintain_order="left")
    return with_doubt(beside, is_with, doubt).drop("without", "more")


def is_stored_part(whole: pl.Expr) -> pl.Expr:
    """Whether a statement counts stored weights that are fewer than those of the `whole`."""
    is_less = pl.col("params") < LEAST_STORED * whole
    return (pl.col("method").is_in(_STORED) & (pl.col("kind") == "total") & is_less).fill_null(False)


def refuse_strangers(rows: pl.DataFrame) -> pl.DataFrame:
    """Statements about sizes, with each model's chosen total, without active parameters that belong to another total or exceed
    it: these become null, with the reason."""
    totals = rows.filter((pl.col("kind") == "total") & pl.col("params").is_not_null())
    chosen = totals.filter("is_chosen").select("model_id", pl.col("params").alias("total"))
    own = totals.group_by(STATEMENT).agg(pl.col("params").max().alias("own_total"))
    params, total, own_total = pl.col("params"), pl.col("total"), pl.col("own_total")
    off = (own_total - total).abs()
    # A name with 1b only says that the size lies within a billion of it.
    is_rounded = pl.col("method").is_in(VAGUE) & (off <= 10**9)
    # The text model of several parts is a part of the whole.
    is_part = ((pl.col("reason") == TEXT_ALONE) & (own_total < total)).fill_null(False)
    is_other = ((off > _TOLERANCE * total) & ~is_rounded & ~is_part).fill_null(False)
    is_more = (params > total * (1 + _TOLERANCE)).fill_null(False)
    reason = (
        pl.when((pl.col("kind") != "active") | params.is_null())
        .then(None)
        .when(is_other)
        .then(
            pl.format(
                "{} active parameters belong to a total of {}, but the believed total is {}", params, own_total, total
            )
        )
        .when(is_more)
        .then(pl.format("{} active parameters are more than the total of {}", params, total))
    )
    return (
        rows.join(chosen, on="model_id", how="left", maintain_order="left")
        .join(own, on=STATEMENT, how="left", maintain_order="left")
        .with_columns(reason.alias("refusal"))
        .with_columns(
            pl.when(pl.col("refusal").is_null()).then(params).alias("params"),
            pl.concat_str(["refusal", "reason"], separator="; ", ignore_nulls=True).replace("", None).alias("reason"),
        )
        .drop("total", "own_total", "refusal")
    )
