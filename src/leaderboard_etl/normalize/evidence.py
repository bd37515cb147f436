"""Which of several statements about a model's size is believed. The ladder is policy/parameter_methods.csv.

A statement that there is cause to doubt keeps its number and says why, but speaks only where no sound one does.
"""

from __future__ import annotations

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.normalize.lineage import QUANTIZED_NAME, weights_of
from leaderboard_etl.normalize.parameters import parse_names

MOST_DISAGREEMENT_PCT = 10.0
# What counts weights as stored: packed ones too few or, by the leaderboard's factor of 8 for "gptq", too many.
_COUNTING = ("safetensors", "index", "leaderboard", "leaderboard_whole")
_TABLES = ("leaderboard", "leaderboard_whole")
_PACKED_RUN = ("4bit", "8bit", "GPTQ")
# How the leaderboard itself read a size from a name: the first match, in the owner's name too. It reads 64 from
# 64bits/LexPodLM-13B and 8 from internlm2-1_8b (https://huggingface.co/docs/leaderboards/open_llm_leaderboard/about).
_THEIR_SIZE = r"((?:\d\.)?\d+)(b|m)"
# Below this a table of whole billions cannot show a half or a double.
_LEAST_WHOLE = 4 * 10**9


def parameter_evidence(
    claims: pl.DataFrame,
    statements: pl.DataFrame,
    kin: pl.DataFrame,
    overrides: pl.DataFrame,
    methods: pl.DataFrame,
) -> pl.DataFrame:
    """Every statement about a model's size with the chosen one marked: the rows of core.parameter_evidence.

    `claims` and `statements` are open rows of history.parameter_claims and history.models with `model_id`, `kin` the
    rows of lineage.bases, `overrides` and `methods` policy/parameter_overrides.csv and parameter_methods.csv.
    """
    schema = frame_schema(
        "core.parameter_evidence",
        without=("confidence", "is_chosen", "is_doubtful", "disagreement_pct", "is_disagreeing"),
    )
    names = _from_names(statements)
    said = pl.concat([_shaped(frame, schema) for frame in (claims, names, _from_overrides(overrides, statements))])
    doubted = _doubted(said, statements, kin)
    firsts = choose(doubted, methods)
    derived = _from_bases(firsts, weights_of(kin))
    if derived.is_empty():
        rows = firsts
    else:
        shape = dict(doubted.schema)
        rows = choose(pl.concat([_without_adapters(doubted, derived), _shaped(derived, shape)]), methods)
    return rows.select(list(frame_schema("core.parameter_evidence")))


def choose(evidence: pl.DataFrame, methods: pl.DataFrame) -> pl.DataFrame:
    """Adds confidence, is_chosen, disagreement_pct and is_disagreeing to statements about sizes.

    `methods` is policy/parameter_methods.csv: method, rank, confidence. Of a model's statements of one kind the sound one
    of the best rank is chosen, else the doubtful one of the best rank; within a method the count that most sources state,
    then the greatest, then the first source.
    """
    ladder = methods.select("method", pl.col("rank").cast(pl.Int32), pl.col("confidence").cast(pl.Float64))
    group = ["model_id", "kind"]
    ranked = (
        evidence.join(ladder, on="method", how="left", maintain_order="left")
        .with_columns(pl.len().over([*group, "method", "params"]).alias("n_saying"))
        .sort(
            [*group, "is_doubtful", "rank", "n_saying", "params", "source_id", "source_name", "precision", "path"],
            descending=[False, False, False, False, True, True, False, False, False, False],
            nulls_last=True,
        )
        .with_row_index("place")
    )
    first = pl.col("place") == pl.col("place").filter(pl.col("params").is_not_null()).min().over(group)
    chosen = pl.col("params").filter(pl.col("is_chosen")).first().over(group)
    is_off = pl.col("disagreement_pct") > MOST_DISAGREEMENT_PCT
    # Whole billions say no more than that the size lies within one of them.
    is_cut = (pl.col("method") == "leaderboard_whole") & ((pl.col("params") - chosen).abs() <= 10**9)
    return (
        ranked.with_columns(first.fill_null(False).alias("is_chosen"))
        .with_columns((100.0 * (pl.col("params") - chosen).abs() / chosen).alias("disagreement_pct"))
        .with_columns((is_off & ~is_cut).fill_null(False).alias("is_disagreeing"))
        .drop("rank", "n_saying", "place")
    )


def _doubted(said: pl.DataFrame, statements: pl.DataFrame, kin: pl.DataFrame) -> pl.DataFrame:
    """The statements with is_doubtful, and the cause in front of what reason says already."""
    facts = statements.group_by("model_id").agg(
        (pl.col("is_moe").fill_null(False) | pl.col("architecture").fill_null("").str.contains("(?i)mixtral|moe"))
        .any()
        .alias("is_sparse")
    )
    stated = said.filter((pl.col("method") == "name") & (pl.col("kind") == "total")).select(
        "model_id", pl.col("params").alias("named")
    )
    quantized = kin.filter(pl.col("base_model_relation") == "quantized").select("model_id", pl.lit(True).alias("is_packed"))
    rows = (
        said.join(facts, on="model_id", how="left", maintain_order="left")
        .join(stated, on="model_id", how="left", maintain_order="left")
        .join(quantized, on="model_id", how="left", maintain_order="left")
        .with_columns(_counting_doubt().alias("doubt"))
        .with_columns(_whole_sound().alias("whole"))
    )
    doubt = pl.coalesce("doubt", _name_doubt())
    return rows.with_columns(
        doubt.is_not_null().alias("is_doubtful"),
        pl.concat_str([doubt, "reason"], separator="; ", ignore_nulls=True).replace("", None).alias("reason"),
    ).drop("is_sparse", "named", "is_packed", "doubt", "whole")


def _counting_doubt() -> pl.Expr:
    """Why a count of stored weights may not be that of the parameters; null: nothing speaks against it."""
    params, named = pl.col("params"), pl.col("named")
    in_table = pl.col("method").is_in(_TABLES)
    is_packed = pl.col("is_packed").fill_null(False) | pl.col("precision").is_in(_PACKED_RUN)
    is_packed |= pl.col("model_id").str.contains(QUANTIZED_NAME)
    is_packed |= pl.col("reason").fill_null("").str.contains("packed")
    theirs = (
        pl.col("source_name").str.to_lowercase().str.extract(_THEIR_SIZE, 1).cast(pl.Float64)
        * pl.when(pl.col("source_name").str.to_lowercase().str.extract(_THEIR_SIZE, 2) == "m").then(1e6).otherwise(1e9)
    )
    is_theirs = (params - theirs).abs() < pl.when(pl.col("method") == "leaderboard").then(1e6).otherwise(1e9)
    is_misread = is_theirs & ((theirs - named).abs() > 0.1 * named).fill_null(True) & (params % 10**9 == 0)
    ratio = params / named
    is_twice = (ratio.is_between(0.45, 0.55) | ratio.is_between(1.85, 2.15)) & ~pl.col("is_sparse").fill_null(False)
    is_twice &= (pl.col("method") == "leaderboard") | (params >= _LEAST_WHOLE)
    return (
        pl.when(params.is_null())
        .then(None)
        .when(pl.col("method").is_in(_COUNTING) & is_packed)
        .then(pl.lit("a count of packed weights"))
        .when(in_table & is_misread)
        .then(pl.lit("the leaderboard's own misreading of digits in the name"))
        .when(in_table & is_twice)
        .then(pl.lit("half or double of what the name states"))
    )


def _whole_sound() -> pl.Expr:
    """What a table of whole billions says of the model, where nothing speaks against it."""
    is_sound = (pl.col("method") == "leaderboard_whole") & pl.col("doubt").is_null()
    return pl.col("params").filter(is_sound).max().over("model_id")


def _name_doubt() -> pl.Expr:
    off = (pl.col("params") - pl.col("whole")).abs()
    is_off = (off > 10**9) & (off > MOST_DISAGREEMENT_PCT / 100 * pl.col("params"))
    is_name = (pl.col("method") == "name") & (pl.col("kind") == "total")
    return pl.when(is_name & is_off).then(pl.lit("the leaderboard counted another size"))


def _from_names(statements: pl.DataFrame) -> pl.DataFrame:
    """What names say of sizes: one claim per model and kind, from the model id itself."""
    firsts = statements.sort("model_id", "source_id", "source_name").unique(
        "model_id", keep="first", maintain_order=True
    )
    sizes = parse_names(firsts["model_id"]).rename({"source_name": "model_id"}).unique("model_id")
    said = (
        firsts.select("model_id", "source_id", "source_name", "repo_id", "revision", "path")
        .join(sizes, on="model_id", how="left")
        .with_columns(
            pl.lit("name").alias("method"), pl.lit("n/a").alias("precision"), pl.lit("model name").alias("locator")
        )
    )
    total = said.with_columns(pl.lit("total").alias("kind"), pl.col("params_total").alias("params"))
    active = said.filter(pl.col("params_active").is_not_null()).with_columns(
        pl.lit("active").alias("kind"), pl.col("params_active").alias("params")
    )
    return pl.concat([total, active])


def _from_bases(firsts: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """Sizes of quantised copies and adapters by that of their base; an adapter's own weights come on top of it.

    The place is that of the base's own evidence. Weights of an adapter's repository that are over half of the base are a
    whole model, merged, and nothing to add.
    """
    chosen = firsts.filter("is_chosen").rename({"model_id": "root_id"})
    own = (
        firsts.filter((pl.col("method") == "safetensors") & (pl.col("kind") == "total"))
        .group_by("model_id")
        .agg(pl.col("params").max().alias("own"))
    )
    is_added = (pl.col("relation") == "adapter") & (pl.col("own") < pl.col("params") / 2)
    added = pl.when(is_added).then(pl.col("own")).otherwise(0)
    reason = (
        pl.when(is_added)
        .then(pl.format("{} by {}, and {} of the adapter", "root_id", "method", "own"))
        .otherwise(pl.format("{} by {}", "root_id", "method"))
    )
    return (
        copies.join(chosen, on="root_id", how="inner")
        .join(own, on="model_id", how="left")
        .with_columns(
            (pl.col("params") + added).alias("params"),
            reason.alias("reason"),
            is_added.fill_null(False).alias("is_added"),
            pl.lit("base_model").alias("method"),
        )
        .drop("relation", "root_id", "own", "confidence", "is_chosen", "disagreement_pct", "is_disagreeing")
    )


def _without_adapters(doubted: pl.DataFrame, derived: pl.DataFrame) -> pl.DataFrame:
    """Doubts the headers of repositories that hold an adapter alone: they count it without its base."""
    alone = pl.col("model_id").is_in(derived.filter("is_added")["model_id"].unique().to_list())
    is_alone = alone & pl.col("method").is_in(["safetensors", "index"])
    return doubted.with_columns(
        (pl.col("is_doubtful") | is_alone).alias("is_doubtful"),
        pl.when(is_alone).then(pl.lit("the adapter's weights without its base")).otherwise("reason").alias("reason"),
    )


def _from_overrides(overrides: pl.DataFrame, statements: pl.DataFrame) -> pl.DataFrame:
    known = statements.select("model_id").unique().with_columns(pl.col("model_id").str.to_lowercase().alias("key"))
    return (
        overrides.with_columns(pl.col("model_id").str.to_lowercase().alias("key"))
        .drop("model_id")
        .join(known, on="key", how="inner")
        .with_columns(
            pl.col("params").cast(pl.Float64).cast(pl.Int64),
            pl.lit("override").alias("method"),
            pl.lit("policy").alias("source_id"),
            pl.col("model_id").alias("source_name"),
            pl.lit("n/a").alias("precision"),
            pl.lit("leaderboard-etl").alias("repo_id"),
            pl.lit("policy").alias("revision"),
            pl.lit("parameter_overrides.csv").alias("path"),
            pl.concat_str(pl.lit("model_id "), pl.col("model_id")).alias("locator"),
        )
    )


def _shaped(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )
