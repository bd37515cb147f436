"""Open LLM Leaderboard v1: MMLU, ARC, HellaSwag, TruthfulQA, Winogrande and GSM8K of open models, frozen in 2024.

One row of the table is one model at one precision; scores are percentages, sizes whole billions.
"""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, Source, SourceFile, concat
from leaderboard_etl.sources.contents import is_table, read_table
from leaderboard_etl.sources.contents_rows import parsed_table

SOURCE_ID = "olb_v1_contents"


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Every row of every table file."""
    return concat([parsed_table(read_table(SOURCE_ID, file, policy), unit="percent") for file in files])


SOURCE = Source(
    source_id=SOURCE_ID,
    description="Table of Open LLM Leaderboard v1",
    repo_type="dataset",
    repo_id="open-llm-leaderboard-old/contents",
    wants=is_table,
    parse=parse,
    has_dated_past=True,
)
