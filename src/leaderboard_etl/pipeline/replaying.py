"""Reading again what stands in quarantine, after a fix of the project, from the landed bytes: nothing is fetched."""

from __future__ import annotations

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline.fetching import last_entry, record, sync_project
from leaderboard_etl.pipeline.night import Night, Outcome, run_night
from leaderboard_etl.pipeline.publishing import build, check, commit, stay_quiet
from leaderboard_etl.pipeline.reading import read_source
from leaderboard_etl.raw.ledger import Changes, Ledger
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import POLICY_SOURCE, SOURCES
from leaderboard_etl.target.believed import Place


def replay(warehouse: Warehouse) -> Outcome:
    """One load of kind 'replay': every file with a record in quarantine is parsed again by this version of the project, and all
    files where its policy is new.

    Raises WarehouseError if nothing was ever published.
    """
    ledger = Ledger(warehouse.raw)
    if ledger.last is None or not ledger.applied():
        raise WarehouseError(f"{warehouse.root} holds no load yet: there is nothing to read again")
    options = Options(warehouse, hub=ledger.last.endpoint, endpoint=ledger.last.endpoint)

    def tell(night: Night) -> None:
        night.kind = "replay"
        places = night.believed.quarantined()
        sync_project(night)
        # New policy is in force for every source from this load on, so all of them are read by it.
        is_new = bool(night.changes[POLICY_SOURCE])
        for source_id in (name for name in SOURCES if is_new or name in places):
            _read_again(night, source_id, places.get(source_id, set()))
        if not night.parsed:
            stay_quiet(night)
            return
        build(night)
        check(night)
        commit(night)

    return run_night(options, tell)


def _read_again(night: Night, source_id: str, places: set[Place]) -> None:
    files = {place: file for place, file in night.state.of(source_id).items() if place in places}
    project = night.changes.get(source_id, Changes())  # a reference CSV that this version of the project changed
    files.update({file.place: file for file in project.changed})
    before = last_entry(night.ledger, source_id)
    record(night, source_id, Changes(sorted(files.values()), project.gone))
    if before is not None:
        entry = night.entries[source_id]
        entry.cursor, entry.remaining = dict(before.cursor), before.remaining
    with night.standing_alone(source_id):
        read_source(night, source_id)
