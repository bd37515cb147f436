"""Which of several statements about a model's size is believed. The ladder is policy/parameter_methods.csv.

A statement that doubts.py refuses has no number; one that it doubts is used only without a sound statement. pairs.py keeps
total and active parameters consistent.
"""

from __future__ import annotations

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.normalize.doubts import MOST_DISAGREEMENT_PCT, TABLES, VAGUE, doubt_rounded, judge
from leaderboard_etl.normalize.lineage import weights_of
from leaderboard_etl.normalize.pairs import doubt_parts, doubt_prediction, is_stored_part, refuse_strangers
from leaderboard_etl.sizes.names import NO_SIZE_IN_NAME, parse_names

# A module of an embedding's size, as adapters name it.
_VOCABULARY_MODULE = r"\b(?:embed_tokens|lm_head|wte)\b"
_JUDGEMENT = ("confidence", "is_chosen", "disagreement_pct", "is_disagreeing")


def parameter_evidence(
    stated_sizes: pl.DataFrame,
    statements: pl.DataFrame,
    kin: pl.DataFrame,
    overrides: pl.DataFrame,
    methods: pl.DataFrame,
) -> pl.DataFrame:
    """Every statement about a model's size with the chosen one marked: the rows of core.parameter_evidence.

    `stated_sizes` and `statements` are open rows of history.parameter_claims and history.models with `model_id`, `kin` the
    rows of lineage.bases, `overrides` and `methods` policy/parameter_overrides.csv and parameter_methods.csv.
    """
    schema = frame_schema(
        "core.parameter_evidence",
        without=("is_doubtful", *_JUDGEMENT),
    )
    names = _from_names(statements)
    statements_of_size = pl.concat(
        [_shaped(frame, schema) for frame in (stated_sizes, names, _from_overrides(overrides, statements))]
    )
    judged = doubt_rounded(doubt_prediction(doubt_parts(judge(statements_of_size, statements))))
    firsts = _in_pairs(judged, methods)
    derived = _from_bases(firsts, weights_of(kin))
    tuned = _active_as_base(firsts, weights_of(kin, ("finetune",)))
    shape = dict(judged.schema)
    beside = pl.concat([_beside_bases(judged, derived), *(_shaped(frame, shape) for frame in (derived, tuned))])
    rows = _in_pairs(doubt_rounded(beside), methods)
    return rows.select(list(frame_schema("core.parameter_evidence")))


def _in_pairs(evidence: pl.DataFrame, methods: pl.DataFrame) -> pl.DataFrame:
    """`choose`, and again without the active parameters that contradict the chosen total."""
    return choose(refuse_strangers(choose(evidence, methods)).drop(_JUDGEMENT), methods)


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
        .with_row_index("position")
    )
    first = pl.col("position") == pl.col("position").filter(pl.col("params").is_not_null()).min().over(group)
    chosen = pl.col("params").filter(pl.col("is_chosen")).first().over(group)
    is_off = pl.col("disagreement_pct") > MOST_DISAGREEMENT_PCT
    # Whole billions are exact only to a billion.
    is_cut = (pl.col("method") == "leaderboard_whole") & ((pl.col("params") - chosen).abs() <= 10**9)
    return (
        ranked.with_columns(first.fill_null(False).alias("is_chosen"))
        .with_columns((100.0 * (pl.col("params") - chosen).abs() / chosen).alias("disagreement_pct"))
        .with_columns((is_off & ~is_cut).fill_null(False).alias("is_disagreeing"))
        .drop("rank", "n_saying", "position")
    )


def _from_names(statements: pl.DataFrame) -> pl.DataFrame:
    """The sizes that names state: one statement per model and kind, from the model id; where that states no size, from the
    names that sources use and show, if they agree on one (`BlinkDL/rwkv-4-raven` is shown as RWKV-4-Raven-14B)."""
    place = ("source_id", "source_name", "repo_id", "revision", "path")
    ordered = statements.sort("model_id", "source_id", "source_name", "repo_id", "path")
    ids = ordered.unique("model_id", keep="first", maintain_order=True)
    ids = _sized(ids.select("model_id", *place, pl.col("model_id").alias("name"), locator=pl.lit("model name")))
    is_silent = pl.col("reason") == NO_SIZE_IN_NAME
    others = [
        ordered.select("model_id", *place, pl.col(name).alias("name")) for name in ("source_name", "display_name")
    ]
    others_of_silent = (
        pl.concat(others)
        .join(ids.filter(is_silent), on="model_id", how="semi", maintain_order="left")
        .filter(pl.col("name").is_not_null())
        .unique(["model_id", "name"], keep="first", maintain_order=True)
        .with_columns(pl.format("name {}", "name").alias("locator"))
    )
    told = _sized(others_of_silent).filter(pl.col("params_total").is_not_null())
    agreed = told.filter(pl.col("params_total").n_unique().over("model_id") == 1)
    agreed = agreed.sort("params_active", nulls_last=True, maintain_order=True).unique("model_id", keep="first")
    differing = told.join(agreed, on="model_id", how="anti")["model_id"].unique().to_list()
    is_open = is_silent & pl.col("model_id").is_in(differing)
    ids = ids.join(agreed, on="model_id", how="anti").with_columns(
        pl.when(is_open).then(pl.lit("its names state several sizes")).otherwise("reason").alias("reason")
    )
    named = pl.concat([ids, agreed.select(ids.columns)]).with_columns(
        pl.lit("name").alias("method"), pl.lit("n/a").alias("precision")
    )
    total = named.with_columns(pl.lit("total").alias("kind"), pl.col("params_total").alias("params"))
    active = named.filter(pl.col("params_active").is_not_null()).with_columns(
        pl.lit("active").alias("kind"), pl.col("params_active").alias("params")
    )
    return pl.concat([total, active])


def _sized(names: pl.DataFrame) -> pl.DataFrame:
    """Adds what each name states: params_total, params_active, and the reason why it states no total."""
    sizes = parse_names(names["name"]).rename({"source_name": "name"})
    return names.join(sizes, on="name", how="left", maintain_order="left")


def _from_bases(firsts: pl.DataFrame, copies: pl.DataFrame) -> pl.DataFrame:
    """Sizes of quantised copies and adapters by the size of their base; an adapter's own weights are added to it, except
    modules that it saves whole, which replace the base's. If these cannot be counted, nothing is added.

    The place is that of the base's evidence. If the weights in an adapter's repository exceed half of the base, they are a
    whole merged model, and nothing is added.
    """
    chosen = firsts.filter(pl.col("is_chosen") & pl.col("kind").is_in(["total", "active"])).rename(
        {"model_id": "root_id"}
    )
    own = (
        firsts.filter((pl.col("method") == "safetensors") & pl.col("kind").is_in(["total", "adapter"]))
        .group_by("model_id")
        .agg(pl.col("params").max().alias("own"))
    )
    saved = firsts.filter((pl.col("method") == "config") & (pl.col("kind") == "adapter")).select(
        "model_id", pl.col("reason").alias("saved")
    )
    embedding = (
        firsts.filter(pl.col("kind") == "embedding")
        .group_by(pl.col("model_id").alias("root_id"))
        .agg(pl.col("params").max().alias("embedding"))
    )
    is_small = (pl.col("relation") == "adapter") & (pl.col("own") < pl.col("params") / 2)
    replaced = pl.col("saved").str.count_matches(_VOCABULARY_MODULE).fill_null(0) * pl.col("embedding").fill_null(0)
    left = pl.when(pl.col("saved").is_null() | (replaced > 0)).then(pl.col("own") - replaced)
    added = pl.when(is_small & (left > 0)).then(left).otherwise(0)
    reason = (
        pl.when(added > 0)
        .then(pl.format("{} by {}, and {} of the adapter", "root_id", "method", added))
        .otherwise(pl.format("{} by {}", "root_id", "method"))
    )
    reason = pl.concat_str(
        reason, pl.when(is_small).then(pl.format("it {}", "saved")), separator="; ", ignore_nulls=True
    )
    return (
        copies.join(chosen, on="root_id", how="inner")
        .join(own, on="model_id", how="left")
        .join(saved.unique("model_id"), on="model_id", how="left")
        .join(embedding, on="root_id", how="left")
        .with_columns(
            (pl.col("params") + added).alias("params"),
            reason.alias("reason"),
            is_small.fill_null(False).alias("is_adapter"),
            # A base with a size by name only is weaker evidence than the copy's own config.
            (pl.col("is_doubtful") | pl.col("method").is_in(VAGUE)).alias("is_doubtful"),
            pl.lit("base_model").alias("method"),
        )
        .drop("relation", "root_id", "own", "saved", "embedding", *_JUDGEMENT)
    )


def _active_as_base(firsts: pl.DataFrame, tuned: pl.DataFrame) -> pl.DataFrame:
    """Active parameters of fine-tunes of a mixture of experts: training does not change the geometry, so if both have the same
    size, as far as a table of whole billions shows, they are those of the base. The place is that of the base's evidence."""
    chosen = firsts.filter("is_chosen")
    total = chosen.filter(pl.col("kind") == "total").select("model_id", pl.col("params").alias("own"))
    active = chosen.filter(pl.col("kind") == "active").rename({"model_id": "root_id"})
    return (
        tuned.join(active, on="root_id", how="inner")
        .join(total, on="model_id", how="inner")
        .join(total.rename({"model_id": "root_id", "own": "whole"}), on="root_id", how="inner")
        .filter((pl.col("own") / pl.col("whole")).is_between(0.98, 1.02))
        .with_columns(
            pl.format("{} by {}, of which it is a fine-tune of the same size", "root_id", "method").alias("reason"),
            (pl.col("is_doubtful") | pl.col("method").is_in(VAGUE)).alias("is_doubtful"),
            pl.lit("base_model").alias("method"),
        )
    )


def _beside_bases(judged: pl.DataFrame, derived: pl.DataFrame) -> pl.DataFrame:
    """Doubts counts of copies and adapters with a known base: adapters were counted alone, or with their base twice, and the
    weights of copies may be packed."""
    ids = derived["model_id"].unique().to_list()
    alone = derived.filter("is_adapter")["model_id"].unique().to_list()
    is_alone = pl.col("model_id").is_in(alone) & pl.col("method").is_in(["safetensors", "index"])
    is_copy = pl.col("model_id").is_in(ids) & pl.col("method").is_in(TABLES) & pl.col("params").is_not_null()
    wholes = derived.filter((pl.col("kind") == "total") & ~pl.col("is_doubtful"))
    whole = wholes.group_by("model_id").agg(pl.col("params").max().alias("whole"))
    judged = judged.join(whole, on="model_id", how="left", maintain_order="left")
    doubt = (
        pl.when(is_alone)
        .then(pl.lit("the adapter's weights without its base"))
        .when(is_stored_part(pl.col("whole")))
        .then(pl.format("under nine tenths of the {} parameters of its base", "whole"))
        .when(is_copy & ~pl.col("is_doubtful"))
        .then(pl.lit("the leaderboard's count of a copy or adapter"))
    )
    return judged.with_columns(
        (pl.col("is_doubtful") | doubt.is_not_null()).alias("is_doubtful"),
        pl.coalesce(doubt, "reason").alias("reason"),
    ).drop("whole")


def _from_overrides(overrides: pl.DataFrame, statements: pl.DataFrame) -> pl.DataFrame:
    ids = statements.select("model_id").unique().with_columns(pl.col("model_id").str.to_lowercase().alias("key"))
    return (
        overrides.with_columns(pl.col("model_id").str.to_lowercase().alias("key"))
        .drop("model_id")
        .join(ids, on="key", how="inner")
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
