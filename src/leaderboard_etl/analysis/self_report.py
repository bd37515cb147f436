"""How far scores that vendors report are from those that others measured for the same model and benchmark.

The two may differ in protocol (shots, prompts, subset), so a gap alone is not an error of the vendor. A card may copy the
leaderboard's own number, so n_copies counts the pairs that agree to the leaderboard's last digit.
"""

from __future__ import annotations

import numpy as np
import polars as pl

VENDOR_KINDS = ("vendor_model_index", "vendor_card_table", "vendor_eval_results", "vendor")
MEASURED = ("leaderboard", "third_party")
# A curated row is the vendor's if it says self-reported, and measured if it says the opposite.
REFERENCE = "reference"
MIN_MODELS = 5
MIN_FAMILIES = 2  # with a single family every draw is the same and the interval has no width
COPY_PCT = 0.05  # cards and result tables round to a tenth or a hundredth of a point
INTERVAL = (0.05, 0.95)
DECIMALS = 6


def self_report_pairs(scores: pl.DataFrame) -> pl.DataFrame:
    """One row per model, benchmark, vendor kind and measured group that has both a reported and a measured score.

    scores: rows of core.scores with model_id, benchmark_id, comparable_group, variant_id, reported_by, score_pct, perhaps
    is_verified, and the model's family (null: the model counts as one family); stated_setting (effort, budget and tools; null:
    not stated) and place (of several scores of a side the least speaks: mart.precedence). Rows of other reporters are ignored.

    Like is compared with like: where both sides have the same variant, its scores; of these, where both state the same setting,
    the scores of that. Of several shared ones the one that comes first among the measured. Then the score that comes first on
    each side; what ties in this is replaced by its median, of an even number the lower one of the middle.

    Columns: benchmark_id, vendor_kind, measured_group, model_id, family, reported_pct and measured_pct (percent),
    n_reported_values and n_measured_values (how many tie), gap_pct (reported minus measured, points), is_copy (they agree to
    within 0.05 points), is_same_variant (a variant that the vendor reports is one that was measured), reported_variants and
    measured_variants (of the scores compared).
    """
    keys = ["model_id", "benchmark_id"]
    verified = pl.col("is_verified") if "is_verified" in scores.columns else pl.lit(None, pl.Boolean)
    is_reference = pl.col("reported_by") == REFERENCE
    scored = scores.with_columns(
        pl.col("score_pct").cast(pl.Float64).fill_nan(None),
        is_reported=pl.col("reported_by").is_in(VENDOR_KINDS) | (is_reference & verified.eq_missing(False)),
        is_measured=pl.col("reported_by").is_in(MEASURED) | (is_reference & verified.eq_missing(True)),
    ).filter(pl.col("score_pct").is_not_null())
    # Few models have a reported score; only what was measured of these is compared.
    reported = scored.filter("is_reported")
    measured = scored.filter("is_measured").join(reported, on=keys, how="semi")
    reported = reported.with_columns(vendor_kind="reported_by")
    measured = measured.with_columns(measured_group="comparable_group")
    pair = [*keys, "vendor_kind", "measured_group"]
    met = (
        reported.select(*keys, "vendor_kind").unique().join(measured.select(*keys, "measured_group").unique(), on=keys)
    )
    reported, measured = met.join(reported, on=[*keys, "vendor_kind"]), met.join(measured, on=[*keys, "measured_group"])
    for shared in ("variant_id", "stated_setting"):
        agreed = (
            measured.join(reported.select(*pair, shared).unique(), on=[*pair, shared])
            .group_by(pair)
            .agg(agreed=pl.col(shared).sort_by("place", shared).first())
        )
        is_kept = pl.col("agreed").is_null() | (pl.col(shared) == pl.col("agreed"))
        reported, measured = (
            rows.join(agreed, on=pair, how="left").filter(is_kept).drop("agreed") for rows in (reported, measured)
        )
    sides = {
        side: rows.filter(pl.col("place") == pl.col("place").min().over(pair))
        .group_by(pair)
        .agg(
            pl.col("score_pct").quantile(0.5, interpolation="lower").alias(f"{side}_pct"),
            pl.len().cast(pl.Int64).alias(f"n_{side}_values"),
            pl.col("variant_id").unique().sort().alias(f"{side}_variants"),
            pl.col("family").drop_nulls().min().alias(f"{side}_family"),
        )
        for side, rows in (("reported", reported), ("measured", measured))
    }
    gap = (pl.col("reported_pct") - pl.col("measured_pct")).round(DECIMALS)
    return (
        sides["reported"]
        .join(sides["measured"], on=pair)
        .select(
            "benchmark_id",
            "vendor_kind",
            "measured_group",
            "model_id",
            pl.coalesce("reported_family", "measured_family", "model_id").alias("family"),
            "reported_pct",
            "measured_pct",
            "n_reported_values",
            "n_measured_values",
            "reported_variants",
            "measured_variants",
            gap_pct=gap,
            is_copy=gap.abs() <= COPY_PCT,
            is_same_variant=pl.col("reported_variants").list.set_intersection("measured_variants").list.len() > 0,
        )
        .sort("benchmark_id", "vendor_kind", "measured_group", "model_id")
    )


def self_report_gap(scores: pl.DataFrame, *, draws: int = 1000, seed: int = 12345) -> pl.DataFrame:
    """One row per benchmark, vendor kind and measured group that has a pair; input and pairs as in `self_report_pairs`.

    Columns: benchmark_id, vendor_kind, measured_group, protocols (variants reported and measured, in words), n_models,
    n_families, n_copies, n_same_variant; mean_gap_pct and median_gap_pct (reported minus measured, points); lo_pct and
    hi_pct (90 % interval of the mean, whole families drawn with replacement); share_positive (of the models, 0..1, copies
    included: the vendor says more than was measured); refusal_reason (null: none). Where there is a reason, the numbers
    after the counts are null. The same for the pairs that are not copies: mean_not_copied_pct, lo_not_copied_pct,
    hi_not_copied_pct and refusal_reason_not_copied.
    """
    rows = []
    for (benchmark, kind, group), pairs in self_report_pairs(scores).group_by(
        "benchmark_id", "vendor_kind", "measured_group", maintain_order=True
    ):
        original = pairs.filter(~pl.col("is_copy"))
        gaps, reason = pairs["gap_pct"], _refusal(pairs, "models with both scores")
        reason_original = _refusal(original, "models whose report is not a copy")
        rows.append(
            {
                "benchmark_id": benchmark,
                "vendor_kind": kind,
                "measured_group": group,
                "protocols": _protocols(pairs),
                "n_models": pairs.height,
                "n_families": pairs["family"].n_unique(),
                "n_copies": pairs.height - original.height,
                "n_same_variant": pairs["is_same_variant"].sum(),
                "refusal_reason": reason,
                "refusal_reason_not_copied": reason_original,
            }
        )
        if reason is None:
            rows[-1] |= dict(zip(("mean_gap_pct", "lo_pct", "hi_pct"), _mean(pairs, draws, seed), strict=True))
            rows[-1] |= {"median_gap_pct": gaps.median(), "share_positive": (gaps > 0).mean()}
        if reason_original is None:
            names = ("mean_not_copied_pct", "lo_not_copied_pct", "hi_not_copied_pct")
            rows[-1] |= dict(zip(names, _mean(original, draws, seed), strict=True))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(pl.col(pl.Float64).round(DECIMALS))


def _protocols(pairs: pl.DataFrame) -> str:
    """The variants of both sides, in words: if they differ, so may the protocol, and the gap is not only the vendor's."""
    variants = {
        side: ", ".join(pairs[f"{side}_variants"].explode().unique().sort().to_list())
        for side in ("reported", "measured")
    }
    return f"reported as {variants['reported']}; measured as {variants['measured']}"


def _refusal(pairs: pl.DataFrame, what: str) -> str | None:
    if pairs.height < MIN_MODELS:
        return f"{pairs.height} {what}; at least {MIN_MODELS} are needed"
    if pairs["family"].n_unique() < MIN_FAMILIES:
        return f"all {pairs.height} models are of one family, which says nothing about other families"
    return None


def _mean(pairs: pl.DataFrame, draws: int, seed: int) -> tuple[float, float, float]:
    """The mean gap and its interval."""
    lo, hi = _family_interval(pairs, draws, np.random.default_rng(seed))
    return float(pairs["gap_pct"].to_numpy().mean()), lo, hi


def _family_interval(pairs: pl.DataFrame, draws: int, rng: np.random.Generator) -> tuple[float, float]:
    families = pairs.group_by("family").agg(total=pl.col("gap_pct").sum(), n=pl.len()).sort("family")
    n = families.height
    times = rng.multinomial(n, np.full(n, 1 / n), size=draws)
    means = (times @ families["total"].to_numpy()) / (times @ families["n"].to_numpy())
    lo, hi = np.quantile(means, INTERVAL)
    return float(lo), float(hi)


_SCHEMA = {
    "benchmark_id": pl.String,
    "vendor_kind": pl.String,
    "measured_group": pl.String,
    "protocols": pl.String,
    **dict.fromkeys(("n_models", "n_families", "n_copies", "n_same_variant"), pl.Int64),
    **dict.fromkeys(("mean_gap_pct", "median_gap_pct", "lo_pct", "hi_pct", "share_positive"), pl.Float64),
    "refusal_reason": pl.String,
    **dict.fromkeys(("mean_not_copied_pct", "lo_not_copied_pct", "hi_not_copied_pct"), pl.Float64),
    "refusal_reason_not_copied": pl.String,
}
