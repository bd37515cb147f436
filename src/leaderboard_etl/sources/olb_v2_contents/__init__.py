"""Open LLM Leaderboard v2: IFEval, BBH, MATH, GPQA, MuSR and MMLU-Pro of open models, frozen in March 2025.

One row of the table is one model at one precision. Raw scores are fractions; normalised ones are
kept beside the raw values; sql/checks/normalised_values_agree.sql compares those that can be recomputed with ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import Parsed, SourceFile, concat
from leaderboard_etl.sources.description import Source, Trust, Work
from leaderboard_etl.sources.shared.leaderboard_table.table import is_table, read_table

SOURCE_ID = "olb_v2_contents"


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every row of every table file."""
    return concat([_with_sound_norms(parsed) for parsed in read_table(SOURCE_ID, files, policy, unit="fraction")])


def _with_sound_norms(parsed: Parsed) -> Parsed:
    """The same without published normalised values that are not numbers."""
    norm = pl.col("score_norm_published_pct")
    if unread := parsed.scores.filter(~norm.is_finite())["locator"].to_list():
        message = (
            f"{len(unread)} published normalised values are not numbers ({unread[0]}): left out, the raw scores stay"
        )
        parsed.drift = [*parsed.drift, Drift(SOURCE_ID, "normalisation", "scores", message)]
    parsed.scores = parsed.scores.with_columns(pl.when(norm.is_finite()).then(norm).alias("score_norm_published_pct"))
    return parsed


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Table of Open LLM Leaderboard v2",
    repo_type="dataset",
    repo_id="open-llm-leaderboard/contents",
    wants=is_table,
    parse=parse,
    is_read_by_folder=True,
    reported_by=("leaderboard",),
    leaderboard="olb_v2",
    submissions="table_row",
    has_dated_past=True,
    trust=Trust(spelling=30, repository=20, release=30),
    left_out="averages, likes, CO₂ cost, generation of a merge, links",
    left_out_because="averages follow from the scores, the others say nothing about a model; CO₂ depends on the leaderboard's"
    " machines. Rows of trial runs, of which two scores are no whole number of answers to their benchmark's questions, give no"
    " score either: the refused ones are in quarantine",
    works=(
        Work(
            "Fourrier et al., Open LLM Leaderboard v2 (2024), Hugging Face",
            "not stated by the dataset",
            "https://huggingface.co/datasets/open-llm-leaderboard/contents",
        ),
    ),
)
