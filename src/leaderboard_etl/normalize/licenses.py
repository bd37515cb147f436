"""From a source's text to a licence, its class, and what that implies for openness. The mapping is policy."""

from __future__ import annotations

import polars as pl

NOT_STATED = "no source states one"
NOT_LISTED = "policy/licenses.csv does not list it"


def normalize_licenses(texts: pl.Series, policy: pl.DataFrame) -> pl.DataFrame:
    """license_id, license_class, license_reason and openness of each distinct licence text, by policy/licenses.csv.

    Texts are compared without regard to case and outer blanks. A text that policy does not list has class 'unknown' and
    no id: a licence is never guessed. license_reason says why the class is unknown; null if it is known.
    """
    rows = policy.select(
        pl.col("license_text").str.to_lowercase().alias("key"), "license_id", "license_class", "openness", "note"
    ).unique("key", keep="first", maintain_order=True)
    is_unknown = pl.col("license_class") == "unknown"
    return (
        pl.DataFrame({"license_text": texts.drop_nulls().unique().sort()}, schema={"license_text": pl.String})
        .with_columns(pl.col("license_text").str.strip_chars().str.to_lowercase().alias("key"))
        .join(rows, on="key", how="left", maintain_order="left")
        .with_columns(
            pl.col("license_class").fill_null("unknown"),
            pl.when(pl.col("license_class").is_null())
            .then(pl.lit(NOT_LISTED))
            .when(is_unknown)
            .then("note")
            .alias("license_reason"),
        )
        .drop("key", "note")
    )


def license_openness(texts: pl.Series, policy: pl.DataFrame) -> pl.DataFrame:
    """What each distinct licence text says about the weights, by policy/licenses.csv: license_text, openness (null: nothing)."""
    return normalize_licenses(texts, policy).select("license_text", "openness")
