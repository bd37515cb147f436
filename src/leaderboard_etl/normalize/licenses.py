"""From a source's text to a licence, its class, and what that implies for openness. The mapping is policy."""

from __future__ import annotations

import polars as pl

from leaderboard_etl.contracts.schema import tables

NOT_STATED = "no source states one"
NOT_LISTED = "policy/licenses.csv does not list it"
# The order of the vocabulary is that of restriction: 'unknown' is last.
_CLASSES = next(column.allowed for column in tables()["core.models"].columns if column.name == "license_class")
_LEAST_CERTAIN = "non_commercial"
_SEPARATORS = r"\s*[;,/]\s*|\s+(?i:and|or)\s+"


def normalize_licenses(texts: pl.Series, policy: pl.DataFrame) -> pl.DataFrame:
    """license_id, license_class, license_reason and openness of each distinct licence text, by policy/licenses.csv.

    Texts are compared without regard to case, punctuation and words as 'the' and 'license'. Of a text that names several licences
    the most restrictive counts; if one of them is unknown, none of the others does that permits commercial use. A text that
    policy does not list has class 'unknown' and no id: a licence is never guessed. license_reason says why the class is
    unknown; null if it is known.
    """
    rows = policy.select(
        _key("license_text").alias("key"), "license_id", "license_class", "openness", "note", is_listed=True
    ).unique("key", keep="first", maintain_order=True)
    whole = pl.DataFrame({"license_text": texts.drop_nulls().unique().sort()}, schema={"license_text": pl.String})
    parts = pl.col("license_text").str.replace_all(_SEPARATORS, "\n").str.split("\n")
    named = (
        whole.with_columns(_key("license_text").alias("key"))
        .with_columns(
            pl.when(
                pl.col("key").is_in(rows["key"].to_list()) | pl.col("license_text").str.contains("://", literal=True)
            )
            .then(pl.concat_list("license_text"))
            .otherwise(parts)
            .alias("part")
        )
        .with_columns((pl.col("part").list.len() > 1).alias("is_of_several"))
        .explode("part")
        .filter(~pl.col("is_of_several") | (pl.col("part") != ""))
        .with_columns(_key("part").alias("key"))
        .join(rows, on="key", how="left", maintain_order="left")
        .with_columns(
            pl.col("license_class").fill_null("unknown"),
            pl.when(pl.col("is_listed").is_null()).then(pl.lit(NOT_LISTED)).otherwise("note").alias("note"),
        )
    )
    rank = pl.col("license_class").replace_strict(_CLASSES, range(len(_CLASSES)), return_dtype=pl.Int8)
    is_unknown = pl.col("license_class") == "unknown"
    # Nothing that may be downloaded is more restricted, whatever the unknown one says.
    is_certain = ~is_unknown & (rank >= _CLASSES.index(_LEAST_CERTAIN))
    reason = pl.when("is_of_several").then(pl.format("one of several: {}", "note")).otherwise("note")
    return (
        named.with_columns(pl.when(is_unknown).then(reason).alias("license_reason"))
        .sort("license_text", ~is_certain, ~is_unknown, -rank, maintain_order=True)
        .unique("license_text", keep="first", maintain_order=True)
        .select("license_text", "license_id", "license_class", "openness", "license_reason")
    )


def license_openness(texts: pl.Series, policy: pl.DataFrame) -> pl.DataFrame:
    """What each distinct licence text says about the weights, by policy/licenses.csv: license_text, openness (null: nothing)."""
    return normalize_licenses(texts, policy).select("license_text", "openness")


def _key(column: str) -> pl.Expr:
    """A text without what its spellings differ in: 'The Apache License, Version 2.0' and 'apache-2.0' are one."""
    words = pl.col(column).str.to_lowercase().str.replace_all(r"[^a-z0-9+]+", " ")
    bare = words.str.replace_all(r"\b(?:the|licen[cs]es?|agreement|version)\b", "").str.replace_all(
        r"\bv([0-9])", "${1}"
    )
    return bare.str.replace_all(" ", "", literal=True)
