"""The backfill flow: loads past commits of the leaderboards' tables by their dates, before the first night."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from leaderboard_etl import orchestration, report
from leaderboard_etl.commands.progress import progress
from leaderboard_etl.options import options_for
from leaderboard_etl.pipeline.backfilling import backfill as land_the_past
from leaderboard_etl.settings import DEFAULT_DEADLINE_MINUTES, warehouse_at
from leaderboard_etl.watching.watched import watched


@orchestration.flow("backfill")
def backfill(
    warehouse: str = "warehouse",
    hub: str | None = None,
    only: list[str] | None = None,
    deadline_minutes: float = DEFAULT_DEADLINE_MINUTES,
    raw_from: str | None = None,
    database: str | None = None,
    notify: str | None = None,
    metrics: str | None = None,
) -> Any:
    """Lands the past of each source that has a dated past; a stopped backfill continues where it ended."""
    with watched(
        warehouse_at(warehouse, database), notify, None if metrics is None else Path(metrics)
    ) as report_result:
        arguments: dict[str, Any] = {"deadline_minutes": deadline_minutes, "raw_from": raw_from, "database": database}
        with options_for(warehouse, hub, only, **arguments, progress=progress()) as options:
            outcome = land_the_past(options)
        report_result(report.as_json(outcome))
    return orchestration.final_state(outcome.status, report.headline(outcome), report.as_json(outcome))
