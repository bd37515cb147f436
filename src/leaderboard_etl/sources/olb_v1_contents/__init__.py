"""Open LLM Leaderboard v1: MMLU, ARC, HellaSwag, TruthfulQA, Winogrande and GSM8K of open models, frozen in 2024.

One row of the table is one model at one precision; scores are percentages, sizes whole billions.
"""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, SourceFile, concat
from leaderboard_etl.sources.description import Source, Trust, Work
from leaderboard_etl.sources.shared.leaderboard_table.table import is_table, read_table

SOURCE_ID = "olb_v1_contents"


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every row of every table file."""
    return concat(read_table(SOURCE_ID, files, policy, unit="percent"))


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Table of Open LLM Leaderboard v1",
    repo_type="dataset",
    repo_id="open-llm-leaderboard-old/contents",
    wants=is_table,
    parse=parse,
    is_read_by_folder=True,
    reported_by=("leaderboard",),
    leaderboard="olb_v1",
    submissions="table_row",
    score_step_pct=0.01,
    has_dated_past=True,
    trust=Trust(spelling=40, repository=30, release=40),
    left_out="averages, likes, the type's emoji",
    left_out_because="averages follow from the scores, the others say nothing about a model",
    works=(
        Work(
            "Beeching et al., Open LLM Leaderboard (2023), Hugging Face",
            "not stated by the dataset",
            "https://huggingface.co/datasets/open-llm-leaderboard-old/contents",
        ),
    ),
)
