"""The time before the first night: past commits of the leaderboards' tables as loads that bear their commits' dates.

A state as of a past day is that of the last load until its end, so that the last commit of a day is all that is landed of
it. The loads come before any other, for history is kept in the order of what became known. Work is published some loads
at a time, and a run that is stopped goes on behind the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

import polars as pl
from msgspec.structs import replace

from leaderboard_etl.errors import EtlError, UnwritableError, UsageError, first_line
from leaderboard_etl.hub.answers import HubLimitedError, NoHubError, RepoCommit
from leaderboard_etl.landing.repos import sync_commit
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline.brake import brake
from leaderboard_etl.pipeline.fetching import record, shown, sync_project
from leaderboard_etl.pipeline.night import Night, Outcome, is_degraded, ledger_line, run_night
from leaderboard_etl.policy import read_policy
from leaderboard_etl.printable import how_many
from leaderboard_etl.raw.ledger import Changes, Drift, Ledger, Load, format_utc
from leaderboard_etl.sources.base import Parsed, concat
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.warehouse.fold import parse_batches

KIND = "backfill"
_LOADS_AT_ONCE = 30


@dataclass
class _Past:
    """What a backfill has in progress: commits still to land, oldest first, and the scores that each source said last."""

    waiting: list[tuple[Source, RepoCommit]]
    said: dict[str, pl.DataFrame] = field(default_factory=dict)
    stopped: str | None = None


def backfill(options: Options, *, loads_at_once: int = _LOADS_AT_ONCE) -> Outcome:
    """Lands and publishes the past of every source that has a dated one, or of those of `options.only`.

    Raises UsageError where the warehouse holds a load of another kind, or for a source without a dated past. A commit that
    cannot be read is on record as held or failed and costs itself.
    """
    sources = [source for source in SOURCES.values() if source.has_dated_past]
    for name in options.only:
        if name not in {source.source_id for source in sources}:
            told = ", ".join(source.source_id for source in sources)
            raise UsageError(f"{name!r} has no past that can be landed by date; sources that have: {told}")
    _expect_no_night(Ledger(options.warehouse.raw), options)
    wanted = [source for source in sources if not options.only or source.source_id in options.only]
    past: _Past | None = None

    def tell(night: Night) -> None:
        nonlocal past
        night.kind = KIND
        if past is None:
            past = _Past(_still_to_land(night, wanted))
        with shown(night, KIND) as progress:
            loads = _land(night, past, loads_at_once, progress)
        if loads:
            _publish(night, loads)
        else:
            night.status = "no_news"
        night.say(past.stopped)

    outcome = run_night(options, tell)
    while outcome.status in ("published", "degraded") and past is not None and past.waiting and past.stopped is None:
        outcome = run_night(options, tell)
    return outcome


def _expect_no_night(ledger: Ledger, options: Options) -> None:
    night = next((load for load in ledger.loads if load.kind != KIND and load.status != "failed"), None)
    if night is not None:
        raise UsageError(
            f"{options.warehouse.root} holds the {night.kind} load {night.load_id} of {night.as_of():%Y-%m-%d} already, and a"
            " backfill comes before the first night: run it into another folder with --warehouse"
        )


def _still_to_land(night: Night, sources: Sequence[Source]) -> list[tuple[Source, RepoCommit]]:
    """The last commit of each day of each source behind the last load, oldest first."""
    last_at = max((load.as_of() for load in night.ledger.loads if load.status != "failed"), default=datetime.min)
    found: list[tuple[Source, RepoCommit]] = []
    for source in sources:
        commits = sorted(night.hub.commits(source.repo_type, source.repo_id), key=lambda commit: commit.committed_at)
        for _, of_day in groupby(commits, key=lambda commit: commit.committed_at.date()):
            found.append((source, list(of_day)[-1]))
    late = [item for item in found if _naive(item[1].committed_at) > last_at]
    return sorted(late, key=lambda item: (item[1].committed_at, item[0].source_id))


def _land(night: Night, past: _Past, most_loads: int, progress: Callable[[int, int], None] | None) -> list[Load]:
    """Up to `most_loads` loads, landed but not on record yet. What the Hub's limits or the deadline leave waits in `past`."""
    loads: list[Load] = []
    total = len(past.waiting)
    while past.waiting and len(loads) < most_loads:
        source, commit = past.waiting[0]
        last_at = loads[-1].as_of() if loads else night.ledger.loads[-1].as_of() if night.ledger.loads else datetime.min
        night.as_of_at = max(_naive(commit.committed_at), last_at + timedelta(microseconds=1))
        night.entries.clear()
        night.changes.clear()
        try:
            load = _load_of(night, past, source, commit, is_first=not loads)
        except HubLimitedError as error:
            past.stopped = f"{how_many(len(past.waiting), 'commit')} left for another backfill: {first_line(error)}"
            break
        past.waiting.pop(0)
        if load is not None:
            load = replace(load, load_id=night.ledger.next_id() + len(loads))
            night.state.apply(load)
            loads.append(load)
        if progress is not None:
            progress(total - len(past.waiting), total)
    return loads


def _load_of(night: Night, past: _Past, source: Source, commit: RepoCommit, *, is_first: bool) -> Load | None:
    """The load of one commit; null where it changed nothing that the source reads."""
    calls = (night.hub.api_calls, night.hub.file_calls)
    if is_first:
        sync_project(night)
    changes, trouble = _landed(night, source, commit)
    if trouble is None and not changes:
        return None
    if trouble is None:
        trouble = _trouble_in(night, past, source, changes)
    record(night, source.source_id, Changes() if trouble else changes, revision=commit.revision)
    entry = night.entries[source.source_id]
    if trouble is not None:
        entry.state, entry.message, entry.drift = trouble
    entry.api_calls, entry.file_calls = night.hub.api_calls - calls[0], night.hub.file_calls - calls[1]
    load = ledger_line(night, "degraded" if is_degraded(night) else "published")
    return replace(load, finished_at=format_utc(datetime.now(UTC)))


_Trouble = tuple[str, str, list[Drift]]


def _landed(night: Night, source: Source, commit: RepoCommit) -> tuple[Changes, _Trouble | None]:
    try:
        result = sync_commit(
            night.hub,
            night.store,
            source.repo_type,
            source.repo_id,
            commit.revision,
            wants=source.wants,
            known=night.state.of(source.source_id),
            now=format_utc(datetime.now(UTC)),
            head_start=night.head_start,
        )
    except (NoHubError, HubLimitedError, UnwritableError):
        raise
    except EtlError as error:
        return Changes(), ("failed", first_line(error), [])
    return result.changes, None


def _trouble_in(night: Night, past: _Past, source: Source, changes: Changes) -> _Trouble | None:
    """Why the files of a commit are not believed; null where they are, which is remembered for the next one."""
    source_id = source.source_id
    try:
        batches = [part for _, part in parse_batches(source, changes.changed, night.store, read_policy())]
    except EtlError as error:
        message = first_line(error)
        return "held", message, [Drift(source_id, "unreadable", "files", message, is_held=True)]
    parsed = concat(batches) if batches else Parsed(rows_in=0)
    paths = [place[2] for place in (*(file.place for file in changes.changed), *changes.gone)]
    if source_id not in past.said:
        before = night.believed.scores_at(source_id, list(night.state.of(source_id)))
        past.said[source_id] = parsed.scores.clear() if before is None else before
    held = [
        finding
        for finding in (*parsed.drift, *brake(source_id, past.said[source_id], parsed.scores))
        if finding.is_held
    ]
    if held:
        return "held", "; ".join(finding.message for finding in held), held
    if set(paths) >= {path for _, _, path in night.state.of(source_id)}:
        past.said[source_id] = parsed.scores
    return None


def _publish(night: Night, loads: Sequence[Load]) -> None:
    """Builds, audits and publishes a file with these loads, and puts each on record."""
    options = night.options
    staged = night.target.stage(
        night.store,
        [*night.ledger.loads, *loads],
        carry_into=night.believed.carry_into,
        most_memory_bytes=options.most_memory_bytes,
    )
    accepted = read_policy().frame("accepted_warnings")
    night.findings = night.target.audit(staged, night.believed.standing, accepted)
    night.store.flush()

    def put_on_record() -> None:
        for load in loads:
            night.write_down(load)

    night.say(night.target.publish(staged, put_on_record))
    night.load = loads[-1]
    night.status = "degraded" if any(load.status == "degraded" for load in loads) else "published"


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
