"""Loads the past before the first night: each past commit of a leaderboard's table becomes a load dated by that commit.

The state as of a past day is the state after the day's last load, so only the last commit of each day is loaded. These
loads must come before all others, because history is kept in load order. They are published in groups, and a backfill
that was stopped continues after the last published load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from datetime import UTC, datetime, timedelta
from itertools import groupby

import polars as pl
from msgspec.structs import replace

from leaderboard_etl.errors import EtlError, UnwritableError, UsageError, first_line
from leaderboard_etl.hub.answers import HubLimitedError, NoHubError, RepoCommit, RepoUnavailableError
from leaderboard_etl.landing.repos import sync_repo
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline.fetching import may_lack, news_of, shown
from leaderboard_etl.pipeline.night import BACKFILL, Ending, Night, Outcome, run_night
from leaderboard_etl.pipeline.project import land_project
from leaderboard_etl.pipeline.publishing import audit, ended
from leaderboard_etl.pipeline.reading import compared_scores, read
from leaderboard_etl.pipeline.right_clock import is_ahead
from leaderboard_etl.printable import how_many
from leaderboard_etl.raw.ledger import Changes, Ledger, Load, Place, SourceLoad, format_utc
from leaderboard_etl.reading.loads import NewLoad, News
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import SOURCES

_LOADS_AT_ONCE = 30
_Waiting = list[tuple[Source, RepoCommit]]


@dataclass
class _Past:
    """Progress of a backfill: the commits still to land, oldest first, the published loads, and the latest scores of each
    source with the path of their file.

    `stopped` says why the backfill ended before all commits were landed; null if it did not.
    """

    waiting: _Waiting
    notes: list[str] = field(default_factory=list)
    published: list[Load] = field(default_factory=list)
    last_scores: dict[str, pl.DataFrame] = field(default_factory=dict)
    stopped: str | None = None

    def scores_at(self, source_id: str, places: Sequence[Place]) -> pl.DataFrame | None:
        """Returns the scores that these files held before; null if nothing is known of the source."""
        scores = self.last_scores.get(source_id)
        return None if scores is None else scores.filter(pl.col("path").is_in([place[2] for place in places]))

    def remember(self, source_id: str, scores: pl.DataFrame, gone: Sequence[Place] = ()) -> None:
        """Takes these scores in place of those that their files, and the files that are gone, held before."""
        before = self.last_scores.get(source_id, scores.clear())
        touched = [*scores["path"].unique(), *(path for _, _, path in gone)]
        self.last_scores[source_id] = pl.concat([before.filter(~pl.col("path").is_in(touched)), scores])

    def in_all(self, last: Outcome, seconds: float) -> Outcome:
        """The outcome of all groups: that of the last one, which is degraded if any commit was held or failed."""
        degraded = [load for load in self.published if load.status == "degraded"]
        notes = list(self.notes)
        if self.published:
            first_on, last_on = (f"{self.published[end].as_of():%Y-%m-%d}" for end in (0, -1))
            notes.append(f"{how_many(len(self.published), 'load')} landed, of {first_on} to {last_on}")
        if degraded:
            first = degraded[0]
            kept_out = f"{how_many(len(degraded), 'commit')} kept out, the first of {first.as_of():%Y-%m-%d}"
            notes.append(f"{kept_out}: {first.message}")
        if self.stopped is not None:
            notes.append(self.stopped)
        is_degraded = degraded and last.status == "published"
        return replaced(
            last,
            status="degraded" if is_degraded else last.status,
            notes=[*notes, *last.notes],
            seconds=seconds,
        )


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
            past = _past(night, wanted)
        with shown(night, BACKFILL) as progress:
            due = _land(night, past, loads_at_once, progress)
        if not due:
            return Ending("no_news")
        audited = audit(night, night.target.stage(night.believed, due))
        note = night.target.publish(audited.staged, night.minutes.recording(audited.loads))
        past.published += [load for load, _ in due]
        return ended(night, audited, note)

    outcome = run_night(options, steps, kind=BACKFILL)
    seconds = outcome.seconds
    while outcome.status in ("published", "degraded") and past is not None and past.waiting and past.stopped is None:
        outcome = run_night(options, steps, kind=BACKFILL)
        seconds += outcome.seconds
    return outcome if past is None else past.in_all(outcome, seconds)


def _expect_no_night(ledger: Ledger, options: Options) -> None:
    night = next((load for load in ledger.loads if load.kind != BACKFILL and load.status != "failed"), None)
    if night is not None:
        raise UsageError(
            f"{options.warehouse.root} holds the {night.kind} load {night.load_id} of {night.as_of():%Y-%m-%d} already, and a"
            " backfill comes before the first night: run it into another folder with --warehouse"
        )


def _past(night: Night, sources: Sequence[Source]) -> _Past:
    """The last commit of each day of each source that is newer than the last load, oldest first; and notes on the commits
    that cannot be landed."""
    landed = [load for load in night.ledger.loads if load.status != "failed"]
    last_at = max((load.as_of() for load in landed), default=datetime.min)
    landed_ids = {entry.source_id for load in landed for entry in load.sources}
    past = _Past([])
    for source in sources:
        commits = sorted(_commits(night, source), key=lambda commit: commit.committed_at)
        hub_at = night.hub.clock.newest_at
        right = [commit for commit in commits if not is_ahead(_naive(commit.committed_at), hub_at)]
        if n_ahead := len(commits) - len(right):
            past.notes.append(f"{source.source_id}: {how_many(n_ahead, 'commit')} left out, dated in the future")
        newer = [commit for commit in right if _naive(commit.committed_at) > last_at]
        if source.source_id not in landed_ids and (n_late := len(right) - len(newer)):
            past.notes.append(
                f"{source.source_id}: {how_many(n_late, 'commit')} left out, older than the last load: a backfill into"
                " another folder lands all sources by date"
            )
        for _, of_day in groupby(newer, key=lambda commit: commit.committed_at.date()):
            past.waiting.append((source, list(of_day)[-1]))
    past.waiting.sort(key=lambda item: (item[1].committed_at, item[0].source_id))
    return past


def _commits(night: Night, source: Source) -> list[RepoCommit]:
    """The commits of a source's repository; none if this Hub does not have it and the source can do without it."""
    try:
        return night.hub.commits(source.repo_type, source.repo_id)
    except RepoUnavailableError as error:
        if not may_lack(source, error):
            raise
        return []


def _land(night: Night, past: _Past, most_loads: int, progress: Callable[[int, int], None] | None) -> list[NewLoad]:
    """Lands and reads up to `most_loads` loads; none is in the ledger yet. Commits that the Hub's limits or the
    deadline leave out stay in `past`."""
    loads: list[NewLoad] = []
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
                night.minutes.line("published", [each.entry for each in news]),
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
        for place in night.state.of(source_id):
            if (before := night.believed.scores_at(source_id, [place])) is not None:
                past.remember(source_id, before.with_columns(path=pl.lit(place[2])))
    kept = read(night, landed, project[0].changes if project else Changes(), past)
    if kept.read is not None:
        past.remember(source_id, compared_scores(kept.read), kept.changes.gone)
    entry = replace(
        kept.entry,
        drift=[each for each in kept.entry.drift if each.is_held],
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
            is_fetched_once=source.is_fetched_once,
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
