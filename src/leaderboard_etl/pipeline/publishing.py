"""The second half of a night: write, audit, publish; or stay quiet; or rebuild it all from raw."""

from __future__ import annotations

from collections.abc import Callable

from leaderboard_etl.errors import WarehouseError, one_line_errors
from leaderboard_etl.pipeline.night import Night, is_degraded, ledger_line, without_torn_line
from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import Drift, FileState, Ledger
from leaderboard_etl.raw.lock import run_lock
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import POLICY_SOURCE
from leaderboard_etl.target import target_of
from leaderboard_etl.warehouse.audit import Finding
from leaderboard_etl.warehouse.claims import changed_verdicts
from leaderboard_etl.warehouse.fold import policy_in_force


def has_news(night: Night) -> bool:
    """Whether anything was found that the published warehouse does not hold."""
    night.expect_right_clock()
    held = night.believed.n_loads
    # A quiet night is on record too, degraded if a source failed, and left nothing to catch up with.
    missing = [load for load in night.ledger.loads[held or 0 :] if load.is_applied]
    behind = held is None or any(entry.changes_blob for load in missing for entry in load.sources)
    if behind or any(night.changes.values()) or _has_new_finding(night):
        return True
    # Only a night that would leave the file as it is has to know that all of it can still be read.
    night.believed.look_through()
    return night.believed.n_loads is None


def build(night: Night) -> None:
    """Folds this load into a staging file beside the published one."""
    night.load = ledger_line(night, "published")
    if is_degraded(night):
        night.load.status = "degraded"
    at_hand = {source_id: read for source_id, read in night.parsed.items() if source_id not in night.partly_read}
    night.staged = night.target.stage(
        night.store,
        [*night.ledger.loads, night.load],
        carry_into=night.believed.carry_into,
        parsed=at_hand,
        most_memory_bytes=night.options.most_memory_bytes,
    )


def check(night: Night) -> None:
    """Runs the audit on the staging file. Raises AuditError if a check of severity error finds rows: then nothing is
    published."""
    assert night.staged is not None and night.load is not None
    accepted = read_policy().frame("accepted_warnings")
    night.findings = night.target.audit(night.staged, night.believed.standing, accepted)
    _record_verdicts(night)
    if any(finding.is_new_warning for finding in night.findings) and night.ledger.applied():
        night.load.status = "degraded"
        night.staged.con.execute("update ops.loads set status = 'degraded' where load_id = ?", [night.load.load_id])


def _record_verdicts(night: Night) -> None:
    """Puts on this load's record which claims of the article changed their verdict since the published state."""
    assert night.staged is not None and night.load is not None
    entry = night.load.source(POLICY_SOURCE)
    if entry is None:
        return
    for claim_id, before, now in changed_verdicts(night.staged.con, night.believed.verdicts()):
        drift = Drift(POLICY_SOURCE, "verdict", claim_id, f"the claim was {before!r} and is {now!r} now")
        entry.drift.append(drift)
        night.staged.con.execute(
            "insert into ops.drift values (?, ?, ?, ?, ?, ?)",
            [night.load.load_id, drift.source_id, drift.kind, drift.subject, drift.message, drift.is_held],
        )


def commit(night: Night) -> None:
    """Makes the load last, step by step in the order of leaderboard_etl.durable: bytes, new file, line in the ledger, and the
    new file in the published one's place."""
    assert night.staged is not None and night.load is not None
    night.load.summary = _summary(night)
    night.counts = _counts(night)
    night.store.flush()
    load = night.load
    night.say(night.target.publish(night.staged, lambda: night.write_down(load)))
    night.status = night.load.status


def stay_quiet(night: Night) -> None:
    """Records a night without news: one line in the ledger and nothing else."""
    status = "degraded" if is_degraded(night) else "no_news"
    night.load = ledger_line(night, status)
    night.store.flush()
    night.write_down(night.load)
    night.status = status


@one_line_errors()
def rebuild(
    warehouse: Warehouse, *, most_memory_bytes: int | None = None, say: Callable[[str], None] = lambda note: None
) -> list[Finding]:
    """Builds the whole warehouse again from raw and ledger, without a socket, and publishes it. The process holds about
    `most_memory_bytes`; null: half of what the machine or its cgroup allows. `say` is told what was set aside.

    Raises WarehouseError if nothing was ever loaded, AuditError if the result breaks a check.
    """
    if not warehouse.raw.exists() and not warehouse.database.exists():
        raise _nothing_landed(warehouse)  # before there is a folder with a lock
    with run_lock(warehouse.lock), BlobStore(warehouse.raw, read_only=True) as store:
        ledger = Ledger(warehouse.raw)
        # Refuses where the published file knows what the ledger does not.
        believed, said = without_torn_line(warehouse, store, ledger, most_memory_bytes)
        believed.close()
        if said is not None:
            say(said)
        if not ledger.applied():
            raise _nothing_landed(warehouse)
        target = target_of(warehouse)
        try:
            staged = target.stage(store, ledger.loads, most_memory_bytes=most_memory_bytes)
            accepted = policy_in_force(store, FileState(store, ledger.loads)).frame("accepted_warnings")
            findings = target.audit(staged, None, accepted)
            target.publish(staged)
        finally:
            target.discard()
        return findings


def _nothing_landed(warehouse: Warehouse) -> WarehouseError:
    return WarehouseError(f"{warehouse.raw} holds no load to rebuild from: run once against a Hub first")


def _has_new_finding(night: Night) -> bool:
    """A source held for a reason that the last load did not already give."""
    last = night.ledger.last
    for entry in night.entries.values():
        before = last.source(entry.source_id) if last else None
        if entry.state == "held" and (before is None or before.message != entry.message):
            return True
    return False


def _summary(night: Night) -> dict[str, int]:
    assert night.staged is not None
    counts = {}
    for name in ("core.models", "core.scores"):
        row = night.staged.con.execute(f"select count(*) from {name}").fetchone()
        counts[name] = row[0] if row else 0
    row = night.staged.con.execute("select count(*) from ops.quarantine where valid_to is null").fetchone()
    counts["quarantine"] = row[0] if row else 0
    counts["new_warnings"] = sum(finding.is_new_warning for finding in night.findings)
    return counts


def _counts(night: Night) -> dict[str, dict[str, int]]:
    """The books of this load by source, as ops.load_sources has them."""
    assert night.staged is not None and night.load is not None
    names = ("source_rows", "rows_in", "rows_stored", "rows_quarantined", "rows_added", "rows_closed")
    rows = night.staged.con.execute(
        f"select source_id, {', '.join(names)} from ops.load_sources where load_id = ?", [night.load.load_id]
    ).fetchall()
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}
