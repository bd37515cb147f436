"""What a model was made from, and how: its base and the relation to it, in the Hub's terms for relations.

https://huggingface.co/docs/hub/model-cards#specifying-a-base-model: adapter, merge, quantized or finetune.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.normalize.trust import rank

# The endings that tools and publishers give to names of quantised copies: `-GPTQ-4bit-128g`, `-bnb-4bit`, `-FP8`.
QUANTIZED_NAME = (
    r"(?i)(?:[-_.](?:bnb|gptq|awq|gguf|ggml|exl2|hqq|aqlm|quip|marlin|autoround|smashed"
    r"|int[48]|w[48]a(?:8|16)|nf4|fp[48]|nvfp4|mxfp4|[2348]-?bits?|\d+g|q[2-8](?:_[a-z0-9]+)*))+$"
)
# The words that distinguish the model that follows instructions from the pretrained one of the same name.
_TUNED_WORD = r"(?i)[-_](?:instruct|chat|it)([-_]|$)"
_MOST_STEPS = 4
_PLACE = ("source_id", "source_name", "repo_id", "revision", "path", "locator")
_FILE = ["model_id", "source_id", "source_name", "path"]
# A chain of merges of merges that is longer leaves the family of the last ones open.
_MOST_GENERATIONS = 20


def bases(
    statements: pl.DataFrame,
    policy: pl.DataFrame,
    aliases: pl.DataFrame,
    vendors: Sequence[str] = (),
    stated: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per model that was made from another: model_id, base_model_id, base_model_relation.

    `statements` are open rows of history.models with `model_id`, `stated` those of history.model_bases. The base is what
    policy/base_models.csv says, else what the best source states first, under our id for it (`aliases` is
    policy/model_aliases.csv: a card may name a base by an old name of its repository). A merge without a stated base has the
    first one of the recipe in its card. A quantised copy without a stated base has the model of the same owner with the same name
    without the ending as its base. A vendor's chat model has the model without that word, or with `base` for it (`Yi-6B-Chat`:
    `Yi-6B`); `vendors` are owners on the Hub, because another owner's name does not say whose chat model it came from.
    There is a relation without a base if only the name or the table states it. A base is never the model itself. A model with
    several bases is a merge of them.
    """
    stated = _no_bases() if stated is None else stated
    listed = stated.filter((pl.col("stated_in") == "metadata") & (_key("base_model_text") != _key("model_id")))
    several = listed.filter(pl.col("base_model_text").n_unique().over(_FILE) > 1)["model_id"].unique()
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
    name_alone = bare_name("model_id")
    is_copy = name_alone != pl.col("model_id")
    is_quantized = pl.col("is_run_packed") | is_copy
    relation = (
        pl.when("is_adapter")
        .then(pl.lit("adapter"))
        .when(is_quantized)
        .then(pl.lit("quantized"))
        .when(pl.col("is_merge") | pl.col("is_of_several"))
        .then(pl.lit("merge"))
        .when(pl.col("base_model_id").is_not_null())
        .then(pl.lit("finetune"))
    )
    ids = _ids_by_name(statements, aliases)
    untuned = untuned_names("model_id")
    is_vendors = _key("model_id").str.split("/").list.first().is_in([vendor.lower() for vendor in vendors])
    is_tuned = is_vendors & pl.col("model_id").str.contains(_TUNED_WORD) & ~pl.col("is_merge")
    return (
        first_statements.join(_first_of_recipe(stated), on="model_id", how="left")
        .with_columns(_key("model_id").alias("key"), pl.col("model_id").is_in(several.to_list()).alias("is_of_several"))
        .join(
            policy.select(_key("model_id").alias("key"), pl.col("base_model_id").alias("curated")), on="key", how="left"
        )
        .with_columns(
            pl.coalesce("curated", "base_model_text", pl.when("is_merge").then("of_recipe")).alias("base_model_text")
        )
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


def bare_name(column: str) -> pl.Expr:
    """A name without the ending of a quantised copy."""
    return pl.col(column).str.replace(QUANTIZED_NAME, "")


def is_tuned_name(column: str) -> pl.Expr:
    """Whether a name says that the model follows instructions."""
    return pl.col(column).str.contains(_TUNED_WORD)


def untuned_names(column: str) -> list[pl.Expr]:
    """The names that the pretrained model may have of which a name says that it follows instructions."""
    return [pl.col(column).str.replace(_TUNED_WORD, by) for by in ("${1}", "-base${1}")]


def all_bases(
    statements: pl.DataFrame, stated: pl.DataFrame, kin: pl.DataFrame, policy: pl.DataFrame, aliases: pl.DataFrame
) -> pl.DataFrame:
    """The rows of core.model_bases: every base of the models in `kin`, the rows of `bases`.

    These are all that the file names which names the first, and of a merge those of the recipe in its card. Other files do not
    add any, because two of them may call one base by the names of its copies. A base by policy/base_models.csv, or by a name,
    stands alone.
    """
    first = kin.filter(pl.col("base_model_id").is_not_null()).select(
        "model_id", pl.col("base_model_id").alias("first_id"), pl.col("base_model_relation").alias("relation")
    )
    is_curated = _key("model_id").is_in(policy.select(_key("model_id"))["model_id"].to_list())
    of_tables = (
        statements.filter(pl.col("base_model_text").is_not_null())
        .join(stated.filter(pl.col("stated_in") == "metadata"), on=_FILE, how="anti")
        .with_columns(pl.lit("metadata").alias("stated_in"), pl.lit(0, pl.Int32).alias("place"))
    )
    named = ["model_id", "base_model_text", "stated_in", "place", *_PLACE]
    said = (
        pl.concat([stated.select(named), of_tables.select(named)])
        .with_columns(rank("repository"), _key("base_model_text").alias("key"))
        .join(_ids_by_name(statements, aliases), on="key", how="left")
        .with_columns(pl.coalesce("known_id", "base_model_text").alias("base_model_id"))
        .join(first, on="model_id", how="inner")
        .with_columns((_key("base_model_id") == _key("first_id")).alias("is_first"))
        .filter((_key("base_model_id") != _key("model_id")) & ~is_curated)
        .sort("rank", "stated_in", "source_id", "source_name", "path", "place")
    )
    files = said.filter("is_first").unique("model_id", keep="first", maintain_order=True).select(_FILE)
    is_listed, is_merge = pl.col("stated_in") == "metadata", pl.col("relation") == "merge"
    listed = said.filter(is_listed).join(files, on=_FILE, how="semi", maintain_order="left")
    in_recipes = said.filter(~is_listed & is_merge).join(files, on="model_id", how="semi", maintain_order="left")
    ids = statements.sort("source_id", "source_name", "repo_id", "path").unique("model_id", keep="first")
    alone = (
        first.join(files, on="model_id", how="anti")
        .join(ids.select("model_id", *_PLACE), on="model_id", how="left")
        .with_columns(pl.col("first_id").alias("base_model_id"), pl.lit("model name").alias("locator"), is_first=True)
        .with_columns(*[pl.when(is_curated).then(value).otherwise(name).alias(name) for name, value in _of_policy()])
    )
    columns = list(frame_schema("core.model_bases"))
    return (
        pl.concat([frame.select(columns) for frame in (listed, in_recipes, alone)])
        .with_columns(_key("base_model_id").alias("key"))
        .unique(["model_id", "key"], keep="first", maintain_order=True)
        .drop("key")
        .sort("model_id", ~pl.col("is_first"), "base_model_id")
    )


def families_by_bases(families: pl.DataFrame, bases: pl.DataFrame) -> pl.DataFrame:
    """`families` (model_id, family; null: not known) with the family of all bases of a model, where they agree on one, for the
    models without one. `bases` are rows of core.model_bases. A base without a family has that of its own bases."""
    is_one = pl.col("family").n_unique() == 1
    for _ in range(_MOST_GENERATIONS):
        agreed = (
            bases.join(families.rename({"model_id": "base_model_id"}), on="base_model_id", how="left")
            .group_by("model_id")
            .agg(pl.col("family").first().alias("of_bases"), is_one.alias("is_one"))
            .filter("is_one")
        )
        before = families["family"].null_count()
        families = (
            families.join(agreed, on="model_id", how="left", maintain_order="left")
            .with_columns(pl.coalesce("family", "of_bases").alias("family"))
            .select("model_id", "family")
        )
        if families["family"].null_count() == before:
            break
    return families


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


def _first_of_recipe(stated: pl.DataFrame) -> pl.DataFrame:
    """The first base that the recipe in a model's card names: model_id, of_recipe."""
    return (
        stated.filter(pl.col("stated_in") == "recipe")
        .sort("model_id", "source_id", "source_name", "path", "place")
        .group_by("model_id", maintain_order=True)
        .agg(pl.col("base_model_text").first().alias("of_recipe"))
    )


def _of_policy() -> tuple[tuple[str, pl.Expr], ...]:
    """Where a curated base stands, in the columns of _PLACE."""
    id_ = pl.col("model_id")
    return (
        ("source_id", pl.lit("policy")),
        ("source_name", id_),
        ("repo_id", pl.lit("leaderboard-etl")),
        ("revision", pl.lit("policy")),
        ("path", pl.lit("base_models.csv")),
        ("locator", pl.format("model_id {}", id_)),
    )


def _no_bases() -> pl.DataFrame:
    return pl.DataFrame(schema={"model_id": pl.String(), **frame_schema("history.model_bases")})


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
