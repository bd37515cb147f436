"""The second half of a run: audits the next state before it is published, or records a night without news."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import polars as pl
from msgspec.structs import replace

from leaderboard_etl.errors import WarehouseError, one_line_errors
from leaderboard_etl.pipeline.night import BACKFILL, Ending, Night, without_torn_line
from leaderboard_etl.policy import Policy, read_policy
from leaderboard_etl.raw.ledger import Drift, Load
from leaderboard_etl.raw.lock import run_lock
from leaderboard_etl.raw.mirror import raw_of
from leaderboard_etl.reading.loads import News
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import POLICY_SOURCE
from leaderboard_etl.target import FromRaw, Staged, target_of
from leaderboard_etl.warehouse.audit import Finding
from leaderboard_etl.warehouse.changes import LoadChanges, load_changes
from leaderboard_etl.warehouse.claims import changed_verdicts
from leaderboard_etl.warehouse.fold import insert_judgement_changes
from leaderboard_etl.warehouse.history import policy_texts
from leaderboard_etl.warehouse.judgements import changed_judgements, judgements, with_sources


@dataclass(frozen=True)
class Audited:
    """A staged state that may be published, its loads that are not in the ledger yet, the findings of the audit, the row counts
    of the last load per source, and what that load changed (empty for a backfill)."""

    staged: Staged
    loads: list[Load]
    findings: list[Finding]
    counts: dict[str, dict[str, int]]
    changes: list[LoadChanges]


def has_news(night: Night, news: Sequence[News]) -> bool:
    """Whether a night found anything that the published warehouse lacks. Raises WarehouseError if this machine's clock is far
    ahead."""
    night.hub.hear_time()  # of sources that live in this project nothing was asked
    night.expect_right_clock()
    held = night.believed.n_loads
    # A night without news is also in the ledger (as degraded if a source failed), but has no changes to fold in.
    missing = [load for load in night.ledger.loads[held or 0 :] if load.is_applied]
    behind = held is None or any(entry.changes_blob for load in missing for entry in load.sources)
    if behind or any(each.changes for each in news) or _has_new_finding(night, news):
        return True
    # A night that keeps the published file must check that all of it can still be read.
    night.believed.look_through()
    return night.believed.n_loads is None


def is_quiet(found: News | Sequence[News] | Ending) -> bool:
    """Whether what a step found leaves open that the night has no news."""
    if isinstance(found, Ending):
        return True
    news = [found] if isinstance(found, News) else found
    return all(each.entry.state == "unchanged" for each in news)


def audit(night: Night, staged: Staged) -> Audited:
    """The staged state, if no check of severity error finds rows. A new warning marks the last load
    as degraded if an earlier night is on record: without one every warning is new.

    Raises AuditError if a check of severity error finds rows; nothing is published then.
    """
    with night.believed.asked_often():
        findings = night.target.audit(staged, night.believed.standing, read_policy().frame("accepted_warnings"))
        verdicts_before = night.believed.verdicts()
        # A backfill lands the past: what it changes in the judgement of today did not change then.
        judged_before = None if staged.loads[-1].kind == BACKFILL else night.believed.judgements(staged.judged)
    *earlier, last = staged.loads[len(night.ledger.loads) :]
    last = _with_verdicts(staged.con, last, verdicts_before)
    if judged_before is not None:
        last = _with_judgements(staged, last, judged_before)
    has_night = any(load.kind != BACKFILL for load in night.ledger.applied())
    if has_night and any(finding.is_new_warning for finding in findings):
        last = replace(last, status="degraded")
        staged.con.execute("update ops.loads set status = 'degraded' where load_id = ?", [last.load_id])
    last = replace(last, summary=_summary(staged.con, findings))
    changes = [] if last.kind == BACKFILL else load_changes(staged.con, since_load_id=last.load_id)
    return Audited(staged, [*earlier, last], findings, _counts(staged.con, last), changes)


def ended(night: Night, audited: Audited, note: str | None) -> Ending:
    """How a run ended whose state was published; `note` is the sentence of Target.publish for the report."""
    night.minutes.say(note)
    is_degraded = any(load.status == "degraded" for load in audited.loads)
    status = "degraded" if is_degraded else "published"
    return Ending(status, audited.loads[-1], audited.findings, audited.counts, audited.changes)


def stay_quiet(night: Night, news: Sequence[News]) -> Ending:
    """Records a night without news: writes one line into the ledger and nothing else."""
    load = night.minutes.line("no_news", [each.entry for each in news])
    night.store.flush()
    with night.minutes.recording([load]):
        return Ending(load.status, load)


@one_line_errors()
def rebuild(
    warehouse: Warehouse,
    *,
    most_memory_bytes: int | None = None,
    raw: str | None = None,
    say: Callable[[str], None] = lambda note: None,
) -> list[Finding]:
    """Builds the whole warehouse again from raw and ledger, without the network, and publishes it.

    The process uses about `most_memory_bytes`; null means half of what the machine or its cgroup allows. `raw` is a URL of
    the raw store; null: the folder. `say` is
    called with a note if a ledger line was set aside. Raises WarehouseError if nothing was ever loaded, AuditError if
    the result breaks a check.
    """
    if raw is None and not warehouse.raw.exists() and not warehouse.database.exists():
        raise _nothing_landed(warehouse)  # before there is a folder with a lock
    with run_lock(warehouse.lock), raw_of(warehouse, raw, read_only=True) as (store, ledger):
        # Refuses to continue if the published file holds loads that the ledger lacks.
        believed, aside_note = without_torn_line(warehouse, store, ledger, most_memory_bytes)
        believed.close()
        if aside_note is not None:
            say(aside_note)
        if not ledger.applied():
            raise _nothing_landed(warehouse)
        target = target_of(warehouse)
        try:
            staged = target.stage(FromRaw(store, ledger.loads, most_memory_bytes))
            accepted = Policy(policy_texts(staged.con)).frame("accepted_warnings")
            findings = target.audit(staged, None, accepted)
            target.publish(staged)
        finally:
            target.discard()
        return findings


def _nothing_landed(warehouse: Warehouse) -> WarehouseError:
    return WarehouseError(f"{warehouse.raw} holds no load to rebuild from: run once against a Hub first")


def _with_verdicts(con: duckdb.DuckDBPyConnection, load: Load, before: Mapping[str, str]) -> Load:
    """Adds a drift record to the load and the staged state for each claim of the article whose verdict changed since
    the published state."""
    if load.source(POLICY_SOURCE) is None:
        return load
    drift = [
        Drift(POLICY_SOURCE, "verdict", claim_id, f"the claim was {was!r} and is {now!r} now")
        for claim_id, was, now in changed_verdicts(con, before)
    ]
    for each in drift:
        con.execute(
            "insert into ops.drift values (?, ?, ?, ?, ?, ?)",
            [load.load_id, each.source_id, each.kind, each.subject, each.message, each.is_held],
        )
    sources = [
        replace(entry, drift=[*entry.drift, *drift]) if entry.source_id == POLICY_SOURCE else entry
        for entry in load.sources
    ]
    return replace(load, sources=sources)


def _with_judgements(staged: Staged, load: Load, before: pl.DataFrame) -> Load:
    """Adds to the load and the staged state what it changed in what is judged."""
    changed = with_sources(staged.con, changed_judgements(before, judgements(staged.con, staged.judged)))
    insert_judgement_changes(staged.con, load.load_id, changed)
    staged.con.execute("update ops.loads set is_compared = true where load_id = ?", [load.load_id])
    return replace(load, judgements=changed)


def _has_new_finding(night: Night, news: Sequence[News]) -> bool:
    """Whether a source is held back for a reason that the last load does not have."""
    last = night.ledger.last
    for entry in (each.entry for each in news):
        before = last.source(entry.source_id) if last else None
        if entry.state == "held" and (before is None or before.message != entry.message):
            return True
    return False


def _summary(con: duckdb.DuckDBPyConnection, findings: Sequence[Finding]) -> dict[str, int]:
    counts = {}
    for name in ("core.models", "core.scores"):
        row = con.execute(f"select count(*) from {name}").fetchone()
        counts[name] = row[0] if row else 0
    row = con.execute("select count(*) from ops.quarantine where valid_to is null").fetchone()
    counts["quarantine"] = row[0] if row else 0
    counts["new_warnings"] = sum(finding.is_new_warning for finding in findings)
    return counts


def _counts(con: duckdb.DuckDBPyConnection, load: Load) -> dict[str, dict[str, int]]:
    """The row counts of a load per source, as in ops.load_sources."""
    columns = ("source_rows", "rows_in", "rows_stored", "rows_quarantined", "rows_added", "rows_closed")
    rows = con.execute(
        f"select source_id, {', '.join(columns)} from ops.load_sources where load_id = ?", [load.load_id]
    ).fetchall()
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}
