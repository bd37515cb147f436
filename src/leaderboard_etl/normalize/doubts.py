"""Reasons to refuse or doubt a statement about a model's size.

A count of something other than parameters (packed weights) is refused: null, with the reason. A doubtful statement keeps
its number, with the reason.
"""

from __future__ import annotations

import polars as pl

MOST_DISAGREEMENT_PCT = 10.0
# Methods that count weights as stored: packed ones come out too few or, by the leaderboard's factor of 8 for "gptq", too many.
# The headers of safetensors files state dtypes, so packed weights were refused there.
_COUNTING = ("index", "leaderboard", "leaderboard_whole")
# Methods that count every parameter.
_EXACT = ("safetensors", "config", "leaderboard")
TABLES = ("leaderboard", "leaderboard_whole")
# Methods that state a size in few digits, for people.
VAGUE = ("name", "card_text", "leaderboard_whole")
_PACKED_RUN = ("4bit", "8bit", "GPTQ")
_PACKED_NAME = r"(?i)/.*(?:^|[^a-z0-9])(?:gptq|awq|exl2|bnb|nf4|int[48]|[2348]-?bits?)(?:[^a-z0-9]|$)"
# How the leaderboard itself read a size from a name: the first match, in the owner's name too. It reads 64 from
# 64bits/LexPodLM-13B and 8 from internlm2-1_8b (https://huggingface.co/docs/leaderboards/open_llm_leaderboard/about).
_THEIR_SIZE = r"((?:\d\.)?\d+)(b|m)"
_MISREAD = r"(?i)\d+x\d+(?:\.\d+)?[bm]|\d+-?bit"
# Below this a table of whole billions cannot show a half or a double.
_LEAST_WHOLE = 4 * 10**9


def judge(sizes: pl.DataFrame, statements: pl.DataFrame) -> pl.DataFrame:
    """`sizes` with is_doubtful; counts of anything but parameters become null. The new reason stands before the old one."""
    facts = statements.group_by("model_id").agg(
        (pl.col("is_moe").fill_null(False) | pl.col("architecture").fill_null("").str.contains("(?i)mixtral|moe"))
        .any()
        .alias("is_sparse")
    )
    by_name = sizes.filter((pl.col("method") == "name") & (pl.col("kind") == "total")).select(
        "model_id", pl.col("params").alias("named")
    )
    rows = (
        sizes.join(facts, on="model_id", how="left", maintain_order="left")
        .join(by_name, on="model_id", how="left", maintain_order="left")
        .with_columns(_theirs().alias("theirs"))
        .with_columns(_refusal().alias("refusal"))
        .with_columns(pl.when(pl.col("refusal").is_null()).then(pl.col("params")).alias("params"))
        .with_columns(_table_doubt().alias("doubt"))
        .with_columns(_sound_whole().alias("whole"))
    )
    doubt = pl.coalesce("doubt", _name_doubt())
    reason = pl.concat_str([pl.coalesce("refusal", doubt), "reason"], separator="; ", ignore_nulls=True)
    return rows.with_columns(
        doubt.is_not_null().alias("is_doubtful"), pl.when(reason != "").then(reason).alias("reason")
    ).drop("is_sparse", "named", "theirs", "refusal", "doubt", "whole")


def with_doubt(sizes: pl.DataFrame, is_doubted: pl.Expr, doubt: pl.Expr) -> pl.DataFrame:
    """Statements about sizes with a doubt on some of them: is_doubtful is set, and the doubt stands before the old reason."""
    reason = pl.concat_str([doubt, "reason"], separator="; ", ignore_nulls=True)
    return sizes.with_columns(
        (pl.col("is_doubtful") | is_doubted).alias("is_doubtful"),
        pl.when(is_doubted).then(reason).otherwise("reason").alias("reason"),
    )


def doubt_rounded(judged: pl.DataFrame) -> pl.DataFrame:
    """Statements about sizes, with doubts on whole billions of a data set, about the model or its base, where the parameters were
    counted: it rounds, and not always to the nearest (7 for the 7.616 of Qwen2.5-7B). A count of a part (with a reason) is not
    one of the whole."""
    is_total = pl.col("kind") == "total"
    is_exact = is_total & pl.col("method").is_in(_EXACT) & pl.col("reason").is_null() & ~pl.col("is_doubtful")
    by_count = judged.filter(is_exact).sort(
        "model_id", "method", "params", descending=[False, False, True], nulls_last=True
    )
    counted = by_count.group_by("model_id", maintain_order=True)
    exact = counted.agg(pl.col("params").drop_nulls().first().alias("counted"))
    is_near = (pl.col("params") - pl.col("counted")).abs() < MOST_DISAGREEMENT_PCT / 100 * pl.col("counted")
    is_rounded = (
        is_total
        & pl.col("method").is_in(["reference", "base_model"])
        & (pl.col("params") % 10**9 == 0)
        & is_near
        & ~pl.col("is_doubtful")
    ).fill_null(False)
    doubt = pl.format("rounded, where {} parameters were counted", "counted")
    beside = judged.join(exact, on="model_id", how="left", maintain_order="left")
    return with_doubt(beside, is_rounded, doubt).drop("counted")


def _theirs() -> pl.Expr:
    """The size that the leaderboard's own pattern reads from a name, as in its tables: whole billions in the older one."""
    name = pl.col("source_name").str.to_lowercase()
    unit = pl.when(name.str.extract(_THEIR_SIZE, 2) == "m").then(1e6).otherwise(1e9)
    size = name.str.extract(_THEIR_SIZE, 1).cast(pl.Float64) * unit
    is_whole = (pl.col("method") == "leaderboard_whole") & (size >= 1e9)
    return pl.when(is_whole).then((size / 1e9).floor() * 1e9).otherwise(size)


def _is_theirs() -> pl.Expr:
    named = pl.col("named")
    is_other = ((pl.col("theirs") - named).abs() > 0.1 * named).fill_null(True)
    return pl.col("method").is_in(TABLES) & ((pl.col("params") - pl.col("theirs")).abs() < 1e6) & is_other


def _refusal() -> pl.Expr:
    """Reason this cannot be a parameter count; null if it can."""
    is_packed = pl.col("precision").is_in(_PACKED_RUN) | pl.col("model_id").str.contains(_PACKED_NAME)
    is_misread = _is_theirs() & pl.col("source_name").str.contains(_MISREAD)
    return (
        pl.when(pl.col("params").is_null())
        .then(None)
        .when(pl.col("method").is_in(_COUNTING) & is_packed)
        .then(pl.format("{} is a count of packed weights", "params"))
        .when(is_misread)
        .then(pl.format("{} is the leaderboard's misreading of bits or experts in the name", "params"))
    )


def _table_doubt() -> pl.Expr:
    """Reason to doubt a number of the leaderboard; null if there is none."""
    params = pl.col("params")
    in_table = pl.col("method").is_in(TABLES)
    most = params.max().over("model_id", "kind", "method")
    ratio = params / pl.col("named")
    is_twice = (ratio.is_between(0.45, 0.55) | ratio.is_between(1.85, 2.15)) & ~pl.col("is_sparse").fill_null(False)
    is_twice &= (pl.col("method") == "leaderboard") | (params >= _LEAST_WHOLE)
    return (
        pl.when(params.is_null() | ~in_table)
        .then(None)
        .when(_is_theirs())
        .then(pl.lit("the leaderboard read it from the name"))
        .when(is_twice)
        .then(pl.lit("half or double the size in the name"))
        .when((params / most).is_between(0.49, 0.51))
        .then(pl.lit("half the size in another row of the table"))
    )


def _sound_whole() -> pl.Expr:
    """The size in a table of whole billions, unless there is a reason against it."""
    is_sound = (pl.col("method") == "leaderboard_whole") & pl.col("doubt").is_null()
    return pl.col("params").filter(is_sound).max().over("model_id")


def _name_doubt() -> pl.Expr:
    off = (pl.col("params") - pl.col("whole")).abs()
    is_off = (off > 10**9) & (off > MOST_DISAGREEMENT_PCT / 100 * pl.col("params"))
    is_name = (pl.col("method") == "name") & (pl.col("kind") == "total")
    return pl.when(is_name & is_off).then(pl.lit("the leaderboard counted another size"))
