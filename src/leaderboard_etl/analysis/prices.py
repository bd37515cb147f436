"""The lowest price of a token that buys a score, by month and side."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

THRESHOLDS = tuple(range(30, 96, 5))
_KEY = ["comparable_group", "score_threshold_pct", "openness"]


def price_to_reach(
    points: pl.DataFrame, prices: pl.DataFrame, thresholds: Sequence[float] = THRESHOLDS
) -> pl.DataFrame:
    """One row per group, threshold, side and month from which another lowest price holds.

    points: rows of mart.model_scaling; those without a known side are left out, and without a date only counted. prices: rows of
    core.prices. A provider's price in a month is the newest stated by the month's end, else the first stated later (`is_later`);
    a model's is the least of its providers. A model counts from the month of its release through that of its withdrawal.
    Columns: mart.price_to_reach without population.
    """
    columns = ["comparable_group", "benchmark", "openness", "model_id", "released_on", "score_pct"]
    scored = (
        points.select(columns).filter(pl.col("openness").is_in(["open_weights", "proprietary"])).drop_nulls("score_pct")
    )
    dated = scored.drop_nulls("released_on").join(prices, on="model_id", how="semi")
    released = pl.col("released_on").dt.truncate("1mo")
    priced = dated.select("model_id", released.alias("released_month")).unique().join(prices, on="model_id")
    # Prices begin with a release and with a list, and end with the month in which a model is withdrawn.
    begins = (pl.col("priced_on").dt.truncate("1mo"), _withdrawn_month().dt.offset_by("1mo"))
    months = pl.concat(
        [priced.select(month="released_month"), *(priced.select(month=begin).drop_nulls() for begin in begins)]
    )
    monthly = _cheapest(_in_force(priced, months.unique()))
    lowest = (
        _reached(dated, thresholds)
        .join(monthly, on="model_id")
        .sort(*_KEY, "month", "blended_usd_per_mtok", -pl.col("score_pct"), "model_id")
        .unique([*_KEY, "month"], keep="first", maintain_order=True)
    )
    # A list that states the same again makes no other price: it holds through its day.
    lowest_price = pl.struct("blended_usd_per_mtok", "model_id", "provider", "is_later")
    is_new = (lowest_price != lowest_price.shift(1)).over(_KEY).fill_null(True)
    unpriced = _counted(scored.join(prices, on="model_id", how="anti"), thresholds)
    return (
        lowest.with_columns(is_new=is_new)
        .with_columns(run=pl.col("is_new").cum_sum().over(_KEY))
        .with_columns(priced_through_on=pl.col("priced_on").max().over(*_KEY, "run"))
        .filter("is_new")
        .join(unpriced, on=_KEY, how="left", maintain_order="left")
        .select(
            *("comparable_group", "benchmark", "score_threshold_pct", "openness", "month", "blended_usd_per_mtok"),
            *("model_id", "score_pct", "provider", "is_vendor", "priced_on", "priced_through_on", "is_later"),
            *("withdrawn_on", pl.col("n_unpriced").fill_null(0)),
        )
    )


def _reached(points: pl.DataFrame, thresholds: Sequence[float]) -> pl.DataFrame:
    """Every point at each threshold that it reaches."""
    levels = pl.DataFrame({"score_threshold_pct": pl.Series(list(thresholds), dtype=pl.Float64)})
    return (
        points.drop("released_on")
        .join(levels, how="cross")
        .filter(pl.col("score_pct") >= pl.col("score_threshold_pct"))
    )


def _counted(points: pl.DataFrame, thresholds: Sequence[float]) -> pl.DataFrame:
    """How many points reach each threshold, as n_unpriced. Nearly every model has no price: a row for each point and threshold
    would be most of what a process holds."""
    return (
        points.group_by("comparable_group", "openness")
        .agg((pl.col("score_pct") >= level).sum().cast(pl.Int64).alias(str(level)) for level in thresholds)
        .unpivot(index=["comparable_group", "openness"], variable_name="score_threshold_pct", value_name="n_unpriced")
        .cast({"score_threshold_pct": pl.Float64})
    )


def _in_force(priced: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """For each month, model and provider the price that held in it, with `is_later`."""
    end = pl.col("month").dt.offset_by("1mo")
    return (
        priced.join(months, how="cross")
        .filter(pl.col("released_month") <= pl.col("month"))
        .filter(pl.col("month") <= _withdrawn_month().fill_null(pl.col("month")))
        .with_columns((pl.col("priced_on") >= end).alias("is_later"))
        .with_columns(
            pl.when("is_later").then(1).otherwise(-1).mul(pl.col("priced_on").cast(pl.Int32)).alias("distance")
        )
        .sort("month", "model_id", "provider", "is_later", "distance", "blended_usd_per_mtok", "source_name")
        .unique(["month", "model_id", "provider"], keep="first", maintain_order=True)
    )


def _withdrawn_month() -> pl.Expr:
    return pl.col("withdrawn_on").dt.truncate("1mo")


def _cheapest(prices: pl.DataFrame) -> pl.DataFrame:
    """For each month and model the provider with the least price; of equal prices the vendor's comes first, then by name."""
    return (
        prices.sort("month", "model_id", "blended_usd_per_mtok", ~pl.col("is_vendor"), "provider")
        .unique(["month", "model_id"], keep="first", maintain_order=True)
        .select(
            *(
                "month",
                "model_id",
                "blended_usd_per_mtok",
                "provider",
                "is_vendor",
                "priced_on",
                "is_later",
                "withdrawn_on",
            )
        )
    )
