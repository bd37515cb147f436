"""The nightly flow: read it from top to bottom to see what a night does. Its steps are functions of
leaderboard_etl.pipeline."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from leaderboard_etl import orchestration, pipeline, report
from leaderboard_etl.commands.progress import progress
from leaderboard_etl.dask_runner import batches_on
from leaderboard_etl.errors import EtlError
from leaderboard_etl.options import options_for
from leaderboard_etl.pipeline import Ending, Night
from leaderboard_etl.settings import DEFAULT_CARD_BUDGET, DEFAULT_DEADLINE_MINUTES, warehouse_at
from leaderboard_etl.watching.watched import watched

# Runs a step as a Prefect task: retried with back-off if the Hub failed, and limited in time. Without a flow it only runs it.
do = partial(
    orchestration.run_step,
    is_passing=pipeline.is_passing,
    retries=2,
    retry_delay_seconds=[5, 30],
    timeout_seconds=4 * 3600,
)
# The same for a step of which Prefect is told only once there is news, because its start takes longer than a night without news.
look = partial(do, is_quiet=pipeline.is_quiet)


def story(night: Night) -> Ending:
    """The steps of one night: each takes the results of earlier steps."""
    policy, *landed = look(pipeline.land_project, night)
    for source_id in night.table_sources:
        try:
            landed += look(pipeline.land_table, night, source_id)
        except EtlError as error:
            landed += pipeline.lost(night, error, source_id)
    tables = [look(pipeline.read, night, news, policy.changes) for news in landed]
    try:
        # The tables name the models that are asked about here.
        landed = look(pipeline.land_models, night, tables)
    except EtlError as error:
        landed = pipeline.lost(night, error, *pipeline.MODEL_SOURCES)
    models = [look(pipeline.read, night, news, policy.changes) for news in landed]
    kept = [policy, *tables, *models]
    if not pipeline.has_news(night, kept):
        quiet: Ending = look(pipeline.stay_quiet, night, kept)
        return quiet
    load = night.minutes.line("published", [news.entry for news in kept])
    staged = do(night.target.stage, night.believed, [(load, kept)])
    audited = do(pipeline.audit, night, staged)
    note = do(night.target.publish, audited.staged, night.minutes.recording(audited.loads))
    return pipeline.ended(night, audited, note)


@orchestration.flow("nightly")
def nightly(
    warehouse: str = "warehouse",
    hub: str | None = None,
    only: list[str] | None = None,
    full: bool = False,
    card_budget: int = DEFAULT_CARD_BUDGET,
    deadline_minutes: float = DEFAULT_DEADLINE_MINUTES,
    accept: list[str] | None = None,
    memory: str | None = None,
    raw_from: str | None = None,
    runner: str | None = None,
    database: str | None = None,
    raw: str | None = None,
    notify: str | None = None,
    metrics: str | None = None,
) -> Any:
    """Fetches what changed on the Hub, and publishes a new warehouse if there is news."""
    opened = warehouse_at(warehouse, database)
    with watched(opened, notify, None if metrics is None else Path(metrics)) as report_result:
        arguments = (full, card_budget, deadline_minutes, accept, memory, raw_from, database, raw)
        with (
            options_for(warehouse, hub, only, *arguments, progress=progress()) as options,
            batches_on(runner, options.warehouse.prefect),
        ):
            outcome = pipeline.run_night(options, story)
        report_result(report.as_json(outcome))
    orchestration.table_artifact("load", report.load_rows(outcome))
    orchestration.markdown_artifact("report", report.markdown(outcome))
    return orchestration.final_state(outcome.status, report.headline(outcome), report.as_json(outcome))
