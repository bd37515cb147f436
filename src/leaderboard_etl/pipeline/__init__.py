"""The steps of a night, in order, as plain functions of one `Night`. flows/nightly.py tells the story with them."""

from __future__ import annotations

from leaderboard_etl.pipeline.fetching import sync_model_cards, sync_project, sync_table
from leaderboard_etl.pipeline.night import Night, Outcome, is_passing, open_night, plainly, run_night
from leaderboard_etl.pipeline.publishing import build, check, commit, has_news, rebuild, stay_quiet
from leaderboard_etl.pipeline.reading import read_source
from leaderboard_etl.pipeline.replaying import replay

__all__ = [
    "Night",
    "Outcome",
    "build",
    "check",
    "commit",
    "has_news",
    "is_passing",
    "open_night",
    "plainly",
    "read_source",
    "rebuild",
    "replay",
    "run_night",
    "stay_quiet",
    "sync_model_cards",
    "sync_project",
    "sync_table",
]
