"""What a model was made from, and how: its base and the relation to it, in the Hub's terms for relations.

https://huggingface.co/docs/hub/model-cards#specifying-a-base-model: adapter, merge, quantized or finetune.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.normalize.trust import rank

# The endings that tools and publishers give to names of quantised copies: `-GPTQ-4bit-128g`, `-bnb-4bit`, `-FP8`.
QUANTIZED_NAME = (
    r"(?i)(?:[-_.](?:bnb|gptq|awq|gguf|ggml|exl2|hqq|aqlm|quip|marlin|autoround|smashed"
    r"|int[48]|w[48]a(?:8|16)|nf4|fp[48]|nvfp4|mxfp4|[2348]-?bits?|\d+g|q[2-8](?:_[a-z0-9]+)*))+$"
)
# The words that distinguish the model that follows instructions from the pretrained one of the same name.
_TUNED_WORD = r"(?i)[-_](?:instruct|chat|it)([-_]|$)"
_MOST_STEPS = 4


def bases(
    statements: pl.DataFrame, policy: pl.DataFrame, aliases: pl.DataFrame, vendors: Sequence[str] = ()
) -> pl.DataFrame:
    """One row per model that was made from another: model_id, base_model_id, base_model_relation.

    `statements` are open rows of history.models with `model_id`. The base is what policy/base_models.csv says, else what
    the best source states, under our id for it (`aliases` is policy/model_aliases.csv: a card may name a base by an old name of
    its repository). A quantised copy without a stated base has the model of the same owner with the same name without the
    ending as its base. A vendor's chat model has the model without that word, or with `base` for it (`Yi-6B-Chat`: `Yi-6B`);
    `vendors` are owners on the Hub, because another owner's name does not say whose chat model it came from.
    There is a relation without a base if only the name or the table states it. A base is never the model itself.
    """
    first_statements = (
        statements.with_columns(rank("repository"))
        .sort("model_id", "rank", "source_id", "source_name", "precision", "path")
        .group_by("model_id", maintain_order=True)
        .agg(
            pl.col("base_model_text").drop_nulls().first(),
            pl.col("weight_type").is_in(["Adapter", "Delta"]).any().fill_null(False).alias("is_adapter"),
            (pl.col("precision") == "GPTQ").any().alias("is_run_packed"),
            pl.col("is_merge").fill_null(False).any().alias("is_merge"),
        )
    )
    name_alone = pl.col("model_id").str.replace(QUANTIZED_NAME, "")
    is_copy = name_alone != pl.col("model_id")
    is_quantized = pl.col("is_run_packed") | is_copy
    relation = (
        pl.when("is_adapter")
        .then(pl.lit("adapter"))
        .when(is_quantized)
        .then(pl.lit("quantized"))
        .when("is_merge")
        .then(pl.lit("merge"))
        .when(pl.col("base_model_id").is_not_null())
        .then(pl.lit("finetune"))
    )
    ids = _ids_by_name(statements, aliases)
    untuned = [pl.col("model_id").str.replace(_TUNED_WORD, by) for by in ("${1}", "-base${1}")]
    is_vendors = _key("model_id").str.split("/").list.first().is_in([vendor.lower() for vendor in vendors])
    is_tuned = is_vendors & pl.col("model_id").str.contains(_TUNED_WORD) & ~pl.col("is_merge")
    return (
        first_statements.with_columns(_key("model_id").alias("key"))
        .join(
            policy.select(_key("model_id").alias("key"), pl.col("base_model_id").alias("curated")), on="key", how="left"
        )
        .with_columns(pl.coalesce("curated", "base_model_text").alias("base_model_text"))
        .with_columns(_key("base_model_text").alias("stated"), pl.when(is_copy).then(_key(name_alone)).alias("bare"))
        .join(ids, left_on="stated", right_on="key", how="left")
        .join(ids, left_on="bare", right_on="key", how="left", suffix="_bare")
        .with_columns(*[pl.when(is_tuned).then(_key(name)).alias(f"untuned_{n}") for n, name in enumerate(untuned)])
        .join(ids, left_on="untuned_0", right_on="key", how="left", suffix="_untuned")
        .join(ids, left_on="untuned_1", right_on="key", how="left", suffix="_base")
        .with_columns(
            pl.coalesce("known_id", "base_model_text", "known_id_bare", "known_id_untuned", "known_id_base").alias(
                "base_model_id"
            )
        )
        .with_columns(pl.when(_key("base_model_id") != _key("model_id")).then(pl.col("base_model_id")))
        .with_columns(relation.alias("base_model_relation"))
        .filter(pl.col("base_model_relation").is_not_null())
        .select("model_id", "base_model_id", "base_model_relation")
        .sort("model_id")
    )


def weights_of(kin: pl.DataFrame, relations: Sequence[str] = ("quantized", "adapter")) -> pl.DataFrame:
    """For each quantised copy and adapter, the model whose weights it holds or needs: model_id, relation, root_id.

    Copies of copies are followed up to the first ancestor that is neither; models without a known base have no row. With
    other `relations` those are followed.
    """
    copies = kin.filter(
        pl.col("base_model_relation").is_in(list(relations)) & pl.col("base_model_id").is_not_null()
    ).select("model_id", pl.col("base_model_relation").alias("relation"), pl.col("base_model_id").alias("root_id"))
    up = copies.select(pl.col("model_id").alias("root_id"), pl.col("root_id").alias("next_id"))
    for _ in range(_MOST_STEPS):
        copies = copies.join(up, on="root_id", how="left", maintain_order="left").with_columns(
            pl.coalesce("next_id", "root_id").alias("root_id")
        )
        copies = copies.drop("next_id")
    return copies.filter(pl.col("root_id") != pl.col("model_id"))


def _ids_by_name(statements: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Every id, every name and every former name of a repository that leads to a model, without regard to case."""
    ids = statements.select(
        _key("model_id").alias("key"), pl.col("model_id").alias("known_id"), pl.lit(0).alias("rank")
    )
    names = statements.filter(pl.col("source_name").str.contains("/")).select(
        _key("source_name").alias("key"), pl.col("model_id").alias("known_id"), pl.lit(1).alias("rank")
    )
    former = aliases.filter((pl.col("source_id") == "*") & pl.col("source_name").str.contains("/")).select(
        _key("source_name").alias("key"), pl.col("model_id").alias("known_id"), pl.lit(2).alias("rank")
    )
    return (
        pl.concat([ids, names, former])
        .unique()
        .sort("key", "rank", "known_id")
        .unique("key", keep="first")
        .drop("rank")
    )


def _key(column: str | pl.Expr) -> pl.Expr:
    return (pl.col(column) if isinstance(column, str) else column).str.to_lowercase()
