"""Open LLM Leaderboard v2: IFEval, BBH, MATH, GPQA, MuSR and MMLU-Pro of open models, frozen in March 2025.

One row of the table is one model at one precision. Raw scores are fractions; the normalised ones are not stored as
scores: those that can be recomputed are compared with ours, the others are kept beside the raw value.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.normalize.scores import normalize_scores
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import Parsed, Source, SourceFile, concat
from leaderboard_etl.sources.contents import is_table, parsed_table

SOURCE_ID = "olb_v2_contents"
# Full-precision tables agree to 1e-9; two-decimal exports cannot, by half a unit of the raw value over the range.
_TOLERANCE_PCT = 1e-9
_TOLERANCE_ROUNDED_PCT = 0.7


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every row of every table file, and what its published normalised values say of ours."""
    parts = [parsed_table(SOURCE_ID, file, policy, unit="fraction") for file in files]
    for part in parts:
        part.drift.extend(normalisation_drift(part.scores, policy))
    return concat(parts)


def normalisation_drift(scores: pl.DataFrame, policy: Policy) -> list[Drift]:
    """One finding per variant whose published normalised values are not those that the raw values give."""
    compared = normalize_scores(scores, policy.benchmarks).filter(
        (pl.col("norm_method") == "computed") & pl.col("score_norm_published_pct").is_not_null()
    )
    # Values rounded to hundredths come from an export of the leaderboard's page.
    is_rounded = (pl.col("score_raw") * 100 - (pl.col("score_raw") * 100).round()).abs().max().over("variant_id") < 1e-6
    off = (
        compared.with_columns(
            (pl.col("score_norm_pct") - pl.col("score_norm_published_pct")).abs().alias("off_pct"),
            pl.when(is_rounded).then(_TOLERANCE_ROUNDED_PCT).otherwise(_TOLERANCE_PCT).alias("tolerance_pct"),
        )
        .filter(pl.col("off_pct") > pl.col("tolerance_pct"))
        .sort("off_pct", descending=True)
        .group_by("variant_id", maintain_order=True)
        .agg(pl.len().alias("n"), pl.first("source_name", "off_pct", "locator"))
        .sort("variant_id")
    )
    return [
        Drift(
            SOURCE_ID,
            "normalisation",
            row["variant_id"],
            f"{row['n']} published normalised values are not those of their raw scores, the worst off by"
            f" {row['off_pct']:.3g} points ({row['source_name']}, {row['locator']}): did the baseline change?",
        )
        for row in off.iter_rows(named=True)
    ]


SOURCE = Source(
    source_id=SOURCE_ID,
    description="Table of Open LLM Leaderboard v2",
    repo_type="dataset",
    repo_id="open-llm-leaderboard/contents",
    wants=is_table,
    parse=parse,
)
