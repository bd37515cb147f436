"""Loads the past before the first night: each past commit of a leaderboard's table becomes a load dated by that commit.

The state as of a past day is the state after the day's last load, so only the last commit of each day is loaded. These
loads must come before all others, because history is kept in load order. They are published in groups, and a backfill
that was stopped continues after the last published load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

import polars as pl
from msgspec.structs import replace

from leaderboard_etl.errors import EtlError, UnwritableError, UsageError, first_line
from leaderboard_etl.hub.answers import HubLimitedError, NoHubError, RepoCommit, RepoUnavailableError
from leaderboard_etl.landing.repos import sync_repo
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline.brake import COLUMNS
from leaderboard_etl.pipeline.fetching import land_project, may_lack, news_of, shown
from leaderboard_etl.pipeline.night import BACKFILL, Ending, Night, Outcome, run_night
from leaderboard_etl.pipeline.publishing import audit, new_load, publish, stage
from leaderboard_etl.pipeline.reading import hold_back, read
from leaderboard_etl.printable import how_many
from leaderboard_etl.raw.ledger import Changes, Ledger, Load, SourceLoad, format_utc
from leaderboard_etl.reading.loads import News, Place
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import SOURCES

_LOADS_AT_ONCE = 30
_Due = tuple[Load, list[News]]


@dataclass
class _Past:
    """Progress of a backfill: the commits still to land, oldest first, and the latest scores of each source.

    `stopped` says why the backfill ended before all commits were landed; null if it did not.
    """

    waiting: list[tuple[Source, RepoCommit]]
    last_scores: dict[str, pl.DataFrame] = field(default_factory=dict)
    stopped: str | None = None

    def scores_at(self, source_id: str, places: Sequence[Place]) -> pl.DataFrame | None:
        """Returns the scores of the previous commit. The changed files do not matter, because a commit holds the whole
        table."""
        return self.last_scores.get(source_id)


def backfill(options: Options, *, loads_at_once: int = _LOADS_AT_ONCE) -> Outcome:
    """Lands and publishes the past of every source that has a dated past, or of the sources in `options.only`.

    Raises UsageError if the warehouse already holds a load of another kind, or if a named source has no dated past. A
    commit that cannot be read is recorded as held or failed and does not stop the others.
    """
    sources = [source for source in SOURCES.values() if source.has_dated_past]
    for name in options.only:
        if name not in {source.source_id for source in sources}:
            available = ", ".join(source.source_id for source in sources)
            raise UsageError(f"{name!r} has no past that can be landed by date; sources that have: {available}")
    _expect_no_night(Ledger(options.warehouse.raw), options)
    wanted = [source for source in sources if not options.only or source.source_id in options.only]
    past: _Past | None = None

    def steps(night: Night) -> Ending:
        nonlocal past
        if past is None:
            past = _Past(_still_to_land(night, wanted))
        with shown(night, BACKFILL) as progress:
            due = _land(night, past, loads_at_once, progress)
        ending = publish(night, audit(night, stage(night, due))) if due else Ending("no_news")
        night.minutes.say(past.stopped)
        return ending

    outcome = run_night(options, steps, kind=BACKFILL)
    while outcome.status in ("published", "degraded") and past is not None and past.waiting and past.stopped is None:
        outcome = run_night(options, steps, kind=BACKFILL)
    return outcome


def _expect_no_night(ledger: Ledger, options: Options) -> None:
    night = next((load for load in ledger.loads if load.kind != BACKFILL and load.status != "failed"), None)
    if night is not None:
        raise UsageError(
            f"{options.warehouse.root} holds the {night.kind} load {night.load_id} of {night.as_of():%Y-%m-%d} already, and a"
            " backfill comes before the first night: run it into another folder with --warehouse"
        )


def _still_to_land(night: Night, sources: Sequence[Source]) -> list[tuple[Source, RepoCommit]]:
    """The last commit of each day of each source that is newer than the last load, oldest first."""
    last_at = max((load.as_of() for load in night.ledger.loads if load.status != "failed"), default=datetime.min)
    last_of_day: list[tuple[Source, RepoCommit]] = []
    for source in sources:
        commits = sorted(_commits(night, source), key=lambda commit: commit.committed_at)
        for _, of_day in groupby(commits, key=lambda commit: commit.committed_at.date()):
            last_of_day.append((source, list(of_day)[-1]))
    newer = [item for item in last_of_day if _naive(item[1].committed_at) > last_at]
    return sorted(newer, key=lambda item: (item[1].committed_at, item[0].source_id))


def _commits(night: Night, source: Source) -> list[RepoCommit]:
    """The commits of a source's repository; none if this Hub does not have it and the source can do without it."""
    try:
        return night.hub.commits(source.repo_type, source.repo_id)
    except RepoUnavailableError as error:
        if not may_lack(source, error):
            raise
        return []


def _land(night: Night, past: _Past, most_loads: int, progress: Callable[[int, int], None] | None) -> list[_Due]:
    """Lands and reads up to `most_loads` loads; none is in the ledger yet. Commits that the Hub's limits or the
    deadline leave out stay in `past`."""
    loads: list[_Due] = []
    total = len(past.waiting)
    while past.waiting and len(loads) < most_loads:
        source, commit = past.waiting[0]
        last_at = (
            loads[-1][0].as_of() if loads else night.ledger.loads[-1].as_of() if night.ledger.loads else datetime.min
        )
        night.minutes.as_of_at = max(_naive(commit.committed_at), last_at + timedelta(microseconds=1))
        try:
            news = _news_of(night, past, source, commit, is_first=not loads)
        except HubLimitedError as error:
            past.stopped = f"{how_many(len(past.waiting), 'commit')} left for another backfill: {first_line(error)}"
            break
        past.waiting.pop(0)
        if news:
            load = replace(
                new_load(night, news)[0],
                load_id=night.ledger.next_id() + len(loads),
                finished_at=format_utc(datetime.now(UTC)),
            )
            night.state.apply(load)
            loads.append((load, news))
        if progress is not None:
            progress(total - len(past.waiting), total)
    return loads


def _news_of(night: Night, past: _Past, source: Source, commit: RepoCommit, *, is_first: bool) -> list[News]:
    """What one commit changed; empty if it changed no file that the source reads. The first load also lands the
    project's own files."""
    calls = (night.hub.api_calls, night.hub.file_calls)
    project = land_project(night) if is_first else []
    landed = _landed(night, source, commit)
    if landed.entry.state == "unchanged":
        return []
    source_id = source.source_id
    if source_id not in past.last_scores:
        before = night.believed.scores_at(source_id, list(night.state.of(source_id)))
        if before is not None:
            past.last_scores[source_id] = before
    kept = hold_back(read(night, landed, project[0].changes if project else Changes()), past)
    if kept.read is not None:
        places = {*(file.place for file in kept.changes.changed), *map(tuple, kept.changes.gone)}
        if places >= set(night.state.of(source_id)):
            past.last_scores[source_id] = kept.read.frame("scores", *COLUMNS)
    entry = replace(
        kept.entry,
        drift=[finding for finding in kept.entry.drift if finding.is_held],
        api_calls=night.hub.api_calls - calls[0],
        file_calls=night.hub.file_calls - calls[1],
    )
    return [*project, News(entry, kept.changes, kept.read)]


def _landed(night: Night, source: Source, commit: RepoCommit) -> News:
    try:
        result = sync_repo(
            night.hub,
            night.store,
            source.repo_type,
            source.repo_id,
            at_revision=commit.revision,
            wants=source.wants,
            in_ledger=night.state.of(source.source_id),
            now=format_utc(datetime.now(UTC)),
            head_start=night.head_start,
        )
    except (NoHubError, HubLimitedError, UnwritableError):
        raise
    except EtlError as error:
        return News(SourceLoad(source.source_id, "failed", first_line(error), commit.revision))
    return news_of(night, source.source_id, result.changes, revision=commit.revision)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
