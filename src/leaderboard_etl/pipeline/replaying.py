"""Parses quarantined records again from the landed bytes, after a fix of the project; nothing is fetched."""

from __future__ import annotations

from typing import Any

from leaderboard_etl.errors import EtlError, WarehouseError
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline.fetching import last_entry, lost, news_of
from leaderboard_etl.pipeline.night import Ending, Night, Outcome, run_night
from leaderboard_etl.pipeline.project import land_project
from leaderboard_etl.pipeline.publishing import audit, ended, stay_quiet
from leaderboard_etl.pipeline.reading import read
from leaderboard_etl.raw.ledger import Changes, Ledger, Place
from leaderboard_etl.reading.loads import News
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import SOURCES


def replay(warehouse: Warehouse) -> Outcome:
    """Runs one load of kind 'replay': this version of the project parses every file with a quarantined record again,
    and all files if its policy is new.

    Raises WarehouseError if nothing was ever published.
    """
    ledger = Ledger(warehouse.raw)
    if ledger.last is None or not ledger.applied():
        raise WarehouseError(f"{warehouse.root} holds no load yet: there is nothing to read again")
    options = Options(warehouse, hub=ledger.last.endpoint, endpoint=ledger.last.endpoint)
    return run_night(options, _steps, kind="replay")


def _steps(night: Night) -> Ending:
    places = night.believed.quarantined()
    policy, *curated = land_project(night)
    news = {each.source_id: each for each in (policy, *curated)}
    # From this load on new policy applies to every source, so all of them are read again.
    for source_id in (name for name in SOURCES if policy.changes or name in places):
        again = _as_news(night, source_id, places.get(source_id, set()), news.get(source_id))
        try:
            news[source_id] = read(night, again, policy.changes)
            night.minutes.note(news[source_id].entry)
        except EtlError as error:
            [news[source_id]] = lost(night, error, source_id)
    kept = list(news.values())
    if not any(each.read for each in kept):
        return stay_quiet(night, kept)
    load = night.minutes.line("published", [each.entry for each in kept])
    audited = audit(night, night.target.stage(night.believed, [(load, kept)]))
    note = night.target.publish(audited.staged, night.minutes.recording(audited.loads))
    return ended(night, audited, note)


def _as_news(night: Night, source_id: str, places: set[Place], project: News | None) -> News:
    """The landed files at `places` as if they were new, together with the project's own changed files."""
    files = {place: file for place, file in night.state.of(source_id).items() if place in places}
    changes = project.changes if project is not None else Changes()
    files.update({file.place: file for file in changes.changed})
    before = last_entry(night.ledger, source_id)
    progress: dict[str, Any] = {} if before is None else {"cursor": dict(before.cursor), "remaining": before.remaining}
    return news_of(night, source_id, Changes(sorted(files.values()), changes.gone), **progress)
