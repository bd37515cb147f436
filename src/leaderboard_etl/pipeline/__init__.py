"""The steps of a night, in order: each step takes the results of earlier steps and returns its own. flows/nightly.py
calls them."""

from __future__ import annotations

from leaderboard_etl.pipeline.fetching import MODEL_SOURCES, land_models, land_project, land_table, standing_alone
from leaderboard_etl.pipeline.night import Ending, Night, Outcome, is_passing, open_night, plainly, run_night
from leaderboard_etl.pipeline.publishing import Audited, audit, has_news, new_load, publish, rebuild, stage, stay_quiet
from leaderboard_etl.pipeline.reading import hold_back, read
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
    "has_news",
    "hold_back",
    "is_passing",
    "land_models",
    "land_project",
    "land_table",
    "new_load",
    "open_night",
    "plainly",
    "publish",
    "read",
    "rebuild",
    "replay",
    "run_night",
    "stage",
    "standing_alone",
    "stay_quiet",
]
