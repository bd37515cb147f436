"""The steps of a night, in order, as plain functions of one `Night`. flows/nightly.py tells the story with them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import polars as pl

from leaderboard_etl import __version__
from leaderboard_etl.contracts.brake import brake
from leaderboard_etl.errors import AuditError, EtlError, HubError, UsageError, WarehouseError
from leaderboard_etl.hub.blobs import git_blob_id
from leaderboard_etl.hub.cards import sync_cards
from leaderboard_etl.hub.client import Hub, HubUnreachableError
from leaderboard_etl.hub.repos import sync_repo
from leaderboard_etl.options import Options
from leaderboard_etl.policy import REFERENCE_FILES, read_policy
from leaderboard_etl.raw.ledger import (
    Changes,
    Drift,
    FileState,
    FileVersion,
    Ledger,
    Load,
    SourceLoad,
    format_utc,
    land_changes,
)
from leaderboard_etl.raw.lock import run_lock
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse, code_version
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.registry import POLICY_SOURCE, SOURCES
from leaderboard_etl.warehouse.audit import Finding, audit
from leaderboard_etl.warehouse.database import first_line, remove_database
from leaderboard_etl.warehouse.fold import parse_source, policy_in_force
from leaderboard_etl.warehouse.publish import publish, published_loads, refuse_stale_wal, stage

CARDS = "model_cards"
_PROJECT = "leaderboard-etl"


@dataclass
class Night:
    """One run in progress: what it has open, and what each step found."""

    options: Options
    store: BlobStore
    ledger: Ledger
    state: FileState
    hub: Hub
    as_of_at: datetime
    entries: dict[str, SourceLoad] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)
    parsed: dict[str, Parsed] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    staged: duckdb.DuckDBPyConnection | None = None
    load: Load | None = None
    status: str = "running"

    @property
    def now(self) -> str:
        return format_utc(self.as_of_at)

    @property
    def table_sources(self) -> list[str]:
        """Sources that are one repository on the Hub."""
        return [source_id for source_id, source in SOURCES.items() if source.repo_id]

    def wants(self, source_id: str) -> bool:
        return not self.options.only or source_id in self.options.only

    @contextmanager
    def standing_alone(self, source_id: str) -> Iterator[None]:
        """Within the block, a source that fails stays at its last good state and the others go on.

        HubUnreachableError is passed on: without a Hub there is no night.
        """
        try:
            yield
        except HubUnreachableError:
            raise
        except EtlError as error:
            self.changes[source_id] = Changes()
            entry = self.entries.setdefault(source_id, SourceLoad(source_id, "failed"))
            entry.state, entry.message, entry.changes_blob = "failed", first_line(error), None


@dataclass(frozen=True)
class Outcome:
    """How a night ended: its line in the ledger, what the audit found, and where the warehouse is."""

    options: Options
    status: str
    load: Load | None
    findings: list[Finding]
    counts: dict[str, dict[str, int]]
    seconds: float
    message: str | None = None


def run_night(options: Options, tell: Callable[[Night], None]) -> Outcome:
    """Opens a night, lets `tell` go through its steps, and closes it whatever happens.

    An EtlError ends the night as failed, on record, with the published warehouse untouched; UsageError is passed on,
    for nothing was begun.
    """
    begun = time.monotonic()
    message = None
    with open_night(options) as night:
        try:
            tell(night)
        except EtlError as error:
            message = str(error)
            give_up(night, error)
        except BaseException as error:
            give_up(night, error)
            raise
    return Outcome(options, night.status, night.load, night.findings, night.counts, time.monotonic() - begun, message)


def plainly(step: Callable[..., None], *arguments: object) -> None:
    """Runs a step without Prefect."""
    step(*arguments)


def is_passing(task: Any, run: Any, state: Any) -> bool:
    """Whether a step's failure may pass when it is tried again: the Hub was ill, not the data. For Prefect's retries."""
    try:
        state.result()
    except HubUnreachableError:
        return False
    except HubError:
        return True
    except Exception:
        return False
    return False


@contextmanager
def open_night(options: Options) -> Iterator[Night]:
    """Takes the warehouse's lock, reads its ledger, and checks that it belongs to this Hub.

    Raises WarehouseError if another run has the lock, UsageError for another Hub or an unknown source.
    """
    unknown = [name for name in options.only if name not in SOURCES]
    if unknown:
        raise UsageError(f"unknown source {unknown[0]!r}; there are: {', '.join(SOURCES)}")
    with ExitStack() as stack:
        stack.enter_context(run_lock(options.warehouse.lock))
        store = stack.enter_context(BlobStore(options.warehouse.raw))
        ledger = Ledger(options.warehouse.raw)
        if ledger.last is not None and ledger.last.endpoint != options.endpoint:
            raise UsageError(
                f"{options.warehouse.root} belongs to the Hub {ledger.last.endpoint!r}, not {options.endpoint!r}:"
                " a warehouse is fed by one Hub; choose another folder with --warehouse"
            )
        started = (options.started_at or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
        if ledger.last is not None:
            started = max(started, ledger.last.as_of() + timedelta(microseconds=1))
        deadline = None
        if options.deadline_minutes is not None:
            deadline = time.monotonic() + 60 * options.deadline_minutes
        hub = Hub(options.hub, deadline=deadline)
        yield Night(options, store, ledger, FileState(store, ledger.loads), hub, started)
        remove_database(options.warehouse.staging)


def sync_project(night: Night) -> None:
    """Lands the policy and reference CSVs of this version of the project."""
    texts = read_policy().texts
    for source_id, names in (
        (POLICY_SOURCE, [name for name in texts if name not in REFERENCE_FILES]),
        ("reference", [name for name in texts if name in REFERENCE_FILES]),
    ):
        known = night.state.of(source_id)
        files = []
        for name in names:
            blob_id = git_blob_id(texts[name])
            file = FileVersion("project", _PROJECT, f"{name}.csv", __version__, blob_id, len(texts[name]), night.now)
            if file.place not in known or known[file.place].blob_id != blob_id:
                night.store.put(blob_id, texts[name])
                files.append(file)
        gone = [place for place in known if place[2].removesuffix(".csv") not in names]
        _record(night, source_id, Changes(files, gone), revision=__version__)


def sync_table(night: Night, source_id: str) -> None:
    """Lands what is new in one leaderboard repository. Raises HubError or SourceError if it cannot be had."""
    source = SOURCES[source_id]
    if not night.wants(source_id):
        night.entries[source_id] = SourceLoad(source_id, "unchanged", message="not asked for (--only)")
        return
    calls = (night.hub.api_calls, night.hub.file_calls)
    night.entries[source_id] = SourceLoad(source_id, "failed")
    try:
        result = sync_repo(
            night.hub,
            night.store,
            source.repo_type,
            source.repo_id,
            wants=source.wants,
            known=night.state.of(source_id),
            last_revision=None if night.options.full else _last_revision(night.ledger, source_id),
            now=night.now,
            progress=_progress(night, source_id),
        )
        _record(night, source_id, result.changes, revision=result.revision)
    finally:
        _count_calls(night, source_id, calls)


def sync_model_cards(night: Night) -> None:
    """Asks the Hub, within the budget, about the models that the tables name. Raises HubError or SourceError."""
    if not night.wants(CARDS):
        night.entries[CARDS] = SourceLoad(CARDS, "unchanged", message="not asked for (--only)")
        return
    calls = (night.hub.api_calls, night.hub.file_calls)
    previous = _last_entry(night.ledger, CARDS)
    cursor = previous.cursor if previous else {}
    night.entries[CARDS] = SourceLoad(CARDS, "failed", cursor=dict(cursor))
    try:
        result = sync_cards(
            night.hub,
            night.store,
            night.state.of(CARDS),
            _named_models(night),
            cursor=cursor,
            budget=night.options.card_budget,
            now=night.now,
            progress=_progress(night, CARDS),
        )
        _record(night, CARDS, result.changes)
        entry = night.entries[CARDS]
        entry.message, entry.cursor, entry.remaining = result.message, result.cursor, result.remaining
    finally:
        _count_calls(night, CARDS, calls)


def read_source(night: Night, source_id: str) -> None:
    """Parses what is new, and holds the source at its last good state if the news cannot be believed."""
    entry, changes = night.entries.get(source_id), night.changes.get(source_id, Changes())
    if entry is None or entry.state == "failed":
        return
    has_new_policy = bool(night.changes.get(POLICY_SOURCE))
    files = list(changes.changed)
    if has_new_policy:
        current = dict(night.state.of(source_id))
        current.update({file.place: file for file in changes.changed})
        gone = {tuple(place) for place in changes.gone}
        files = [file for place, file in current.items() if place not in gone]
    if not files and not changes:
        return
    try:
        parsed = parse_source(SOURCES[source_id], files, night.store, read_policy())
    except EtlError as error:
        _hold(night, source_id, [Drift(source_id, "unreadable", "files", first_line(error), is_held=True)])
        return
    drift = [*parsed.drift, *_brake(night, source_id, parsed, changes)]
    if any(finding.is_held for finding in drift):
        if not _is_accepted(night, source_id):
            _hold(night, source_id, drift)
            return
        drift = [Drift(d.source_id, "accepted", d.subject, f"let in by --accept: {d.message}") for d in drift]
    entry.drift = drift
    night.parsed[source_id] = parsed


def has_news(night: Night) -> bool:
    """Whether anything was found that the published warehouse does not hold."""
    held = published_loads(night.options.warehouse.database)
    behind = held is None or any(load.is_applied for load in night.ledger.loads[held:])
    return behind or any(night.changes.values()) or _has_new_finding(night)


def build(night: Night) -> None:
    """Folds this load into a staging file beside the published one."""
    night.load = _load(night, "published")
    if _is_degraded(night):
        night.load.status = "degraded"
    night.staged = stage(night.options.warehouse, night.store, night.ledger, night.load, parsed=night.parsed)


def check(night: Night) -> None:
    """Runs the audit on the staging file. Raises AuditError if a check of severity error finds rows: then nothing is
    published."""
    assert night.staged is not None and night.load is not None
    accepted = read_policy().frame("accepted_warnings")
    night.findings = audit(night.staged, night.options.warehouse.database, accepted)
    errors = [finding for finding in night.findings if finding.is_error]
    if errors:
        raise AuditError(audit_failure(errors))
    if any(finding.is_new_warning for finding in night.findings) and night.ledger.applied():
        night.load.status = "degraded"
        night.staged.execute("update ops.loads set status = 'degraded' where load_id = ?", [night.load.load_id])


def commit(night: Night) -> None:
    """Writes the load into the ledger and puts the staging file in the published one's place."""
    assert night.staged is not None and night.load is not None
    refuse_stale_wal(night.options.warehouse)
    night.load.summary = _summary(night)
    night.counts = _counts(night)
    night.load.finished_at = format_utc(datetime.now(UTC))
    night.ledger.append(night.load)
    publish(night.staged, night.options.warehouse)
    night.staged = None
    night.status = night.load.status


def stay_quiet(night: Night) -> None:
    """Records a night without news: one line in the ledger and nothing else."""
    status = "degraded" if _is_degraded(night) else "no_news"
    night.load = _load(night, status)
    night.load.finished_at = format_utc(datetime.now(UTC))
    night.ledger.append(night.load)
    night.status = status


def give_up(night: Night, error: BaseException) -> None:
    """Records a night that failed; the published warehouse stays as it was."""
    if night.staged is not None:
        night.staged.close()
        night.staged = None
    night.load = _load(night, "failed", first_line(error))
    for entry in night.load.sources:
        entry.changes_blob = None
    night.load.finished_at = format_utc(datetime.now(UTC))
    night.ledger.append(night.load)
    night.status = "failed"


def rebuild(warehouse: Warehouse) -> list[Finding]:
    """Builds the whole warehouse again from raw and ledger, without a socket, and publishes it.

    Raises WarehouseError if nothing was ever loaded, AuditError if the result breaks a check.
    """
    with run_lock(warehouse.lock), BlobStore(warehouse.raw, read_only=True) as store:
        ledger = Ledger(warehouse.raw)
        if not ledger.applied():
            raise WarehouseError(f"{warehouse.raw} holds no load to rebuild from: run once against a Hub first")
        con = stage(warehouse, store, ledger, from_raw=True)
        findings = audit(con, None, policy_in_force(store, FileState(store, ledger.loads)).frame("accepted_warnings"))
        errors = [finding for finding in findings if finding.is_error]
        if errors:
            con.close()
            remove_database(warehouse.staging)
            raise AuditError(audit_failure(errors))
        publish(con, warehouse)
        return findings


def audit_failure(errors: Sequence[Finding]) -> str:
    """One line for the checks that stopped a publication."""
    shown = "; ".join(f"{f.check.name}: {f.n_rows} rows ({f.check.description}), e.g. {f.examples[0]}" for f in errors)
    return f"the audit failed, nothing was published: {shown}"


def _record(night: Night, source_id: str, changes: Changes, revision: str | None = None) -> None:
    if not night.wants(source_id) and source_id in SOURCES:
        changes = Changes()
    night.changes[source_id] = changes
    night.entries[source_id] = SourceLoad(
        source_id,
        "loaded" if changes else "unchanged",
        revision=revision,
        changes_blob=land_changes(night.store, changes),
    )


def _hold(night: Night, source_id: str, drift: list[Drift]) -> None:
    """Takes the source's news back: it stays at its last good state, and the same head is looked at again next time."""
    entry = night.entries[source_id]
    held = [finding.message for finding in drift if finding.is_held]
    night.changes[source_id] = Changes()
    entry.state, entry.message, entry.drift, entry.changes_blob = "held", "; ".join(held), drift, None


def _is_accepted(night: Night, source_id: str) -> bool:
    revision = night.entries[source_id].revision or ""
    for accepted in night.options.accept:
        name, _, wanted = accepted.partition("@")
        if name == source_id and len(wanted) >= 7 and revision.startswith(wanted):
            return True
    return False


def _brake(night: Night, source_id: str, parsed: Parsed, changes: Changes) -> list[Drift]:
    """Compares what was read with what is believed of the same files; cards and curated rows change one by one."""
    database = night.options.warehouse.database
    if not SOURCES[source_id].repo_id or not database.exists():
        return []
    scope = [file.place for file in changes.changed] + [tuple(place) for place in changes.gone]
    places = pl.DataFrame(scope, schema=["repo_type", "repo_id", "path"], orient="row")
    try:
        with duckdb.connect(str(database), read_only=True) as con:
            con.register("places", places)
            before = con.sql(
                "select source_name, precision, variant_id, score_raw, score_unit from history.scores"
                " where valid_to is null and source_id = ? and (repo_type, repo_id, path) in (from places)",
                params=[source_id],
            ).pl()
    except duckdb.Error:
        return []
    return brake(source_id, before, parsed.scores)


def _named_models(night: Night) -> list[str]:
    """Every model that a leaderboard table names, by this night's reading where there is one, else as published."""
    names: set[str] = set()
    for source_id in night.table_sources:
        if source_id in night.parsed:
            names.update(night.parsed[source_id].models["source_name"])
    unread = [source_id for source_id in night.table_sources if source_id not in night.parsed]
    database = night.options.warehouse.database
    if unread and database.exists():
        with duckdb.connect(str(database), read_only=True) as con:
            marks = ", ".join("?" * len(unread))
            rows = con.execute(
                f"select distinct source_name from history.models where valid_to is null and source_id in ({marks})",
                unread,
            ).fetchall()
        names.update(row[0] for row in rows)
    return sorted(names)


def _load(night: Night, status: str, message: str | None = None) -> Load:
    problems = [f"{e.source_id}: {e.message}" for e in night.entries.values() if e.state in ("failed", "held")]
    return Load(
        load_id=night.ledger.next_id(),
        kind="nightly",
        status=status,
        as_of_at=night.now,
        endpoint=night.options.endpoint,
        code_version=code_version(),
        sources=[night.entries[source_id] for source_id in sorted(night.entries)],
        message=message or "; ".join(problems) or None,
    )


def _is_degraded(night: Night) -> bool:
    return any(entry.state in ("failed", "held") for entry in night.entries.values())


def _has_new_finding(night: Night) -> bool:
    """A source held for a reason that the last load did not already give."""
    last = night.ledger.last
    for entry in night.entries.values():
        before = last.source(entry.source_id) if last else None
        if entry.state == "held" and (before is None or before.message != entry.message):
            return True
    return False


def _last_entry(ledger: Ledger, source_id: str) -> SourceLoad | None:
    entries = [load.source(source_id) for load in ledger.loads if load.status != "failed"]
    return next((entry for entry in reversed(entries) if entry is not None and entry.state != "failed"), None)


def _last_revision(ledger: Ledger, source_id: str) -> str | None:
    """The head commit of the last load that believed this source."""
    for load in reversed(ledger.loads):
        entry = load.source(source_id)
        if load.status != "failed" and entry and entry.state in ("loaded", "unchanged") and entry.revision:
            return entry.revision
    return None


def _summary(night: Night) -> dict[str, int]:
    assert night.staged is not None
    counts = {}
    for name in ("core.models", "core.scores"):
        row = night.staged.execute(f"select count(*) from {name}").fetchone()
        counts[name] = row[0] if row else 0
    row = night.staged.execute("select count(*) from ops.quarantine where valid_to is null").fetchone()
    counts["quarantine"] = row[0] if row else 0
    counts["new_warnings"] = sum(finding.is_new_warning for finding in night.findings)
    return counts


def _counts(night: Night) -> dict[str, dict[str, int]]:
    """The books of this load by source, as ops.load_sources has them."""
    assert night.staged is not None and night.load is not None
    names = ("source_rows", "rows_in", "rows_stored", "rows_quarantined", "rows_added", "rows_closed")
    rows = night.staged.execute(
        f"select source_id, {', '.join(names)} from ops.load_sources where load_id = ?", [night.load.load_id]
    ).fetchall()
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}


def _count_calls(night: Night, source_id: str, before: tuple[int, int]) -> None:
    entry = night.entries[source_id]
    entry.api_calls = night.hub.api_calls - before[0]
    entry.file_calls = night.hub.file_calls - before[1]


def _progress(night: Night, source_id: str) -> Callable[[int, int], None] | None:
    show = night.options.progress
    return None if show is None else lambda done, total: show(source_id, done, total)
