"""Open LLM Leaderboard v2: IFEval, BBH, MATH, GPQA, MuSR and MMLU-Pro of open models, frozen in March 2025.

One row of the table is one model at one precision. Raw scores are fractions; the normalised ones are not stored as
scores: those that can be recomputed are compared with ours, the others are kept beside the raw value.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import Parsed, SourceFile, concat
from leaderboard_etl.sources.description import Source, Trust, Work
from leaderboard_etl.sources.shared.leaderboard_table.rows import parsed_table
from leaderboard_etl.sources.shared.leaderboard_table.table import is_table, read_table
from leaderboard_etl.units import normalize_scores

SOURCE_ID = "olb_v2_contents"
# What rounding does not explain may come from the last digits of a double.
_TOLERANCE_PCT = 1e-9


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every row of every table file, and what its published normalised values say of ours."""
    return concat([_parse_file(file, policy) for file in files])


def _parse_file(file: SourceFile, policy: Policy) -> Parsed:
    table = read_table(SOURCE_ID, file, policy)
    parsed = parsed_table(table, unit="fraction")
    decimals = min((n for name, n in table.decimals.items() if name.startswith("norm:")), default=15)
    parsed.drift = [*parsed.drift, *normalisation_drift(parsed.scores, policy, decimals)]
    norm = pl.col("score_norm_published_pct")
    parsed.scores = parsed.scores.with_columns(pl.when(norm.is_finite()).then(norm).alias("score_norm_published_pct"))
    return parsed


def normalisation_drift(scores: pl.DataFrame, policy: Policy, decimals: int) -> list[Drift]:
    """One finding per variant whose published normalised values are no numbers, or not those that the raw values give.

    `decimals` is how many places both were published with: half a unit of the last place of the raw value, over the
    range that it is stretched from, and half a unit of the normalised one are no difference.
    """
    half_unit = 0.5 * 10.0**-decimals
    stretched_pct = 100.0 * half_unit / (pl.col("score_ceiling") - pl.col("random_baseline"))
    published = pl.col("score_norm_published_pct")
    off = (
        normalize_scores(scores, policy.benchmarks)
        .filter(published.is_not_null() & pl.col("score_raw").is_finite())
        .join(policy.benchmarks.select("variant_id", "random_baseline", "score_ceiling"), on="variant_id", how="left")
        .with_columns(
            pl.when(~published.is_finite())
            .then(float("inf"))
            .when(pl.col("norm_method") == "computed")
            .then((pl.col("score_norm_pct") - published).abs())
            .alias("off_pct")
        )
        .filter(pl.col("off_pct") > _TOLERANCE_PCT + stretched_pct.fill_null(0.0) + half_unit)
        .sort("off_pct", descending=True, maintain_order=True)
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
    title="Table of Open LLM Leaderboard v2",
    repo_type="dataset",
    repo_id="open-llm-leaderboard/contents",
    wants=is_table,
    parse=parse,
    reported_by=("leaderboard",),
    leaderboard="olb_v2",
    submissions="table_row",
    has_dated_past=True,
    trust=Trust(spelling=30, repository=20, release=30),
    left_out="averages, likes, CO₂ cost, generation of a merge, links",
    left_out_because="the first follow from the scores, others say nothing of a model; CO₂ depends on the leaderboard's machines",
    works=(
        Work(
            "Fourrier et al., Open LLM Leaderboard v2 (2024), Hugging Face",
            "not stated by the dataset",
            "https://huggingface.co/datasets/open-llm-leaderboard/contents",
        ),
    ),
)
