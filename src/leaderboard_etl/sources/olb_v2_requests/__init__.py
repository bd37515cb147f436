"""Open LLM Leaderboard v2, the submissions: one request file per model and precision, with its date and its outcome."""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.description import Source, Work
from leaderboard_etl.sources.shared.requests import is_request, parse_requests

SOURCE_ID = "olb_v2_requests"


def parse(files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """Reads one submission per file; see `parse_requests`."""
    return parse_requests(SOURCE_ID, files)


SOURCE = Source(
    source_id=SOURCE_ID,
    title="Submissions to Open LLM Leaderboard v2",
    repo_type="dataset",
    repo_id="open-llm-leaderboard/requests",
    wants=is_request,
    parse=parse,
    reported_by=(),
    leaderboard="olb_v2",
    submissions="request",
    # A request repeats what the submitter's repository stated that day.
    has_repeated_sizes=True,
    left_out="who sent a request, likes, downloads, tags, jobs of the cluster",
    left_out_because="persons, popularity, bookkeeping",
    works=(
        Work(
            "Fourrier et al., Open LLM Leaderboard v2 (2024), Hugging Face; requests for evaluation",
            "Apache-2.0 (card of the dataset)",
            "https://huggingface.co/datasets/open-llm-leaderboard/requests",
        ),
    ),
)
