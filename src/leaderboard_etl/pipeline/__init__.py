"""The steps of a night, in order: each step takes the results of earlier steps and returns its own. flows/nightly.py
calls them."""

from __future__ import annotations

from leaderboard_etl.pipeline.fetching import MODEL_SOURCES, land_models, land_table, lost
from leaderboard_etl.pipeline.night import Ending, Night, Outcome, is_passing, open_night, run_night
from leaderboard_etl.pipeline.project import land_project
from leaderboard_etl.pipeline.publishing import Audited, audit, ended, has_news, is_quiet, rebuild, stay_quiet
from leaderboard_etl.pipeline.reading import read
from leaderboard_etl.pipeline.replaying import replay
from leaderboard_etl.reading.loads import News

__all__ = [
    "MODEL_SOURCES",
    "Audited",
    "Ending",
    "News",
    "Night",
    "Outcome",
    "audit",
    "ended",
    "has_news",
    "is_passing",
    "is_quiet",
    "land_models",
    "land_project",
    "land_table",
    "lost",
    "open_night",
    "read",
    "rebuild",
    "replay",
    "run_night",
    "stay_quiet",
]
