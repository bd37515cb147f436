"""Open LLM Leaderboard v1, the submissions: one request file per model and precision, with its date and its outcome.

The fixture has a row of the v1 table in the form of a request.
"""

from __future__ import annotations

from leaderboard_etl.sources.shared.requests import requests_source

SOURCE = requests_source(
    "olb_v1_requests",
    title="Submissions to Open LLM Leaderboard v1",
    repo_id="open-llm-leaderboard-old/requests",
    leaderboard="olb_v1",
    work="Beeching et al., Open LLM Leaderboard (2023-2024), Hugging Face; requests for evaluation",
    may_be_absent=True,  # the published table has the date of what was evaluated
)
