"""Open LLM Leaderboard v2, the submissions: one request file per model and precision, with its date and its outcome."""

from __future__ import annotations

from leaderboard_etl.sources.shared.requests import requests_source

SOURCE = requests_source(
    "olb_v2_requests",
    title="Submissions to Open LLM Leaderboard v2",
    repo_id="open-llm-leaderboard/requests",
    leaderboard="olb_v2",
    work="Fourrier et al., Open LLM Leaderboard v2 (2024), Hugging Face; requests for evaluation",
)
