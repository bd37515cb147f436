"""The backfill flow: past commits of the leaderboards' tables as dated loads, before the first night."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas import State

from leaderboard_etl import orchestration, report
from leaderboard_etl.commands.progress import progress
from leaderboard_etl.options import options_for
from leaderboard_etl.pipeline.backfilling import backfill as land_the_past
from leaderboard_etl.settings import DEFAULT_DEADLINE_MINUTES


@flow(name="backfill", log_prints=False)
def backfill(
    warehouse: str = "warehouse",
    hub: str | None = None,
    only: list[str] | None = None,
    deadline_minutes: float = DEFAULT_DEADLINE_MINUTES,
) -> State[dict[str, Any]]:
    """Lands the past of each source that has a dated one; a stopped backfill goes on where it was."""
    with options_for(warehouse, hub, only, deadline_minutes=deadline_minutes, progress=progress()) as options:
        outcome = land_the_past(options)
    return orchestration.final_state(outcome.status, report.headline(outcome), report.as_json(outcome))
