"""One run in progress: its open resources, and how it ends."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import duckdb

from leaderboard_etl.errors import AuditError, EtlError, HubError, UsageError, engine_error, first_line
from leaderboard_etl.hub.answers import HubLimitedError, NoHubError
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.head_start import HeadStart
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline.minutes import Minutes
from leaderboard_etl.pipeline.right_clock import WrongClockError, expect_right_clock
from leaderboard_etl.raw.ledger import FileState, Ledger, Load, format_utc
from leaderboard_etl.raw.lock import run_lock
from leaderboard_etl.raw.mirror import raw_of
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.raw.torn import is_torn, refuse_strange_store
from leaderboard_etl.reading.kept import Shelf
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.target import Target
from leaderboard_etl.target.believed import Believed
from leaderboard_etl.termination import Terminated, at_the_end, is_asked, signal_in
from leaderboard_etl.warehouse.audit import Finding
from leaderboard_etl.warehouse.changes import LoadChanges

# What ends a night as failed; every other error is a fault of the code.
_FAILURES = (EtlError, duckdb.Error, sqlite3.Error, OSError, MemoryError)
# The kind of a load that lands the past, before the first night.
BACKFILL = "backfill"


@dataclass(frozen=True)
class Night:
    """The open resources of a run. Steps pass their results on as values; only `minutes` changes during the run."""

    options: Options
    store: BlobStore
    ledger: Ledger
    state: FileState
    believed: Believed
    target: Target
    hub: Hub
    minutes: Minutes
    shelf: Shelf
    head_start: HeadStart | None = None

    @property
    def now(self) -> str:
        return format_utc(self.minutes.as_of_at)

    @property
    def table_sources(self) -> list[str]:
        """The sources that are one repository on the Hub."""
        return [source_id for source_id, source in SOURCES.items() if source.repo_id]

    def wants(self, source_id: str) -> bool:
        return not self.options.only or source_id in self.options.only

    def expect_right_clock(self) -> None:
        """Raises WrongClockError if this machine's clock is far ahead; the failed load is then dated by the Hub's clock
        or the last load."""
        hub_at, last_at = self.hub.clock.newest_at, last_good_at(self.ledger)
        try:
            expect_right_clock(self.minutes.as_of_at, hub_at, last_at)
        except WrongClockError:
            self.minutes.as_of_at = max(at for at in (hub_at, last_at) if at is not None)
            raise


@dataclass(frozen=True)
class Ending:
    """The result of a run's steps: its status, its ledger line, the findings of the audit, the row counts of the load per
    source, and what it changed."""

    status: str
    load: Load | None = None
    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    changes: list[LoadChanges] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """The result of a night: its ledger line, the findings of the audit, and how long it took. `options` say where the
    warehouse is; `message` says why the night failed."""

    options: Options
    status: str
    load: Load | None
    findings: list[Finding]
    counts: dict[str, dict[str, int]]
    seconds: float
    message: str | None = None
    notes: list[str] = field(default_factory=list)
    changes: list[LoadChanges] = field(default_factory=list)


def run_night(options: Options, steps: Callable[[Night], Ending], *, kind: str = "nightly") -> Outcome:
    """Opens a night of one kind (see ops.loads.kind), runs `steps`, and closes the night in every case.

    An EtlError ends the night as failed: the failure is recorded and the published warehouse does not change.
    UsageError is raised to the caller, because nothing was started.
    """
    begun = time.monotonic()
    message = None
    with open_night(options, kind) as night, at_the_end(lambda: night.minutes.give_up(str(Terminated()))):
        try:
            ending = steps(night)
        except Exception as error:
            # Any kind of error: DuckDB reports a query that a signal stopped as RuntimeError, too.
            if (stopped := signal_in(error)) is not None:
                night.minutes.give_up(str(stopped) or type(stopped).__name__)
                raise stopped from error
            if not isinstance(error, _FAILURES):
                night.minutes.give_up(first_line(error) or type(error).__name__)
                raise
            message = str(error) if isinstance(error, EtlError) else _failure_message(error)
            night.minutes.give_up(message)
            findings = list(error.findings) if isinstance(error, AuditError) else []
            ending = Ending("failed", night.minutes.failed, findings)
        except BaseException as error:
            # Within a flow Prefect handles SIGTERM and raises its own exception, sometimes before our handler runs.
            is_terminated = is_asked() or type(error).__name__ == "TerminationSignal"
            night.minutes.give_up(str(Terminated()) if is_terminated else first_line(error) or type(error).__name__)
            raise
        night.minutes.say(night.believed.trouble)
    seconds = time.monotonic() - begun
    return Outcome(
        options,
        ending.status,
        ending.load,
        ending.findings,
        ending.counts,
        seconds,
        message,
        night.minutes.notes,
        ending.changes,
    )


def is_passing(error: BaseException) -> bool:
    """Whether a failed step may succeed when it is retried, because the Hub failed and not the data."""
    return isinstance(error, HubError) and not isinstance(error, NoHubError | HubLimitedError)


@contextmanager
def open_night(options: Options, kind: str = "nightly") -> Iterator[Night]:
    """Takes the warehouse's lock, reads its ledger, and checks that the warehouse belongs to this Hub.

    Raises WarehouseError if another run has the lock, UsageError for another Hub or an unknown source.
    """
    unknown = [name for name in options.only if name not in SOURCES]
    if unknown:
        raise UsageError(f"unknown source {unknown[0]!r}; there are: {', '.join(SOURCES)}")
    with ExitStack() as stack:
        stack.enter_context(run_lock(options.warehouse.lock))
        store, ledger = stack.enter_context(raw_of(options.warehouse, options.raw))
        believed, note = without_torn_line(options.warehouse, store, ledger, options.most_memory_bytes)
        stack.callback(believed.close)
        if ledger.last is not None and ledger.last.endpoint != options.endpoint:
            raise UsageError(
                f"{options.warehouse.root} belongs to the Hub {ledger.last.endpoint!r}, not {options.endpoint!r}:"
                " a warehouse is fed by one Hub; choose another folder with --warehouse"
            )
        started = (options.started_at or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
        if (last_at := last_good_at(ledger)) is not None:
            started = max(started, last_at + timedelta(microseconds=1))
        minutes = Minutes(ledger, options.endpoint, kind, started)
        minutes.say(note)
        hub = Hub(options.hub, deadline=time.monotonic() + 60 * options.deadline_minutes)
        stack.callback(hub.close)
        shelf = Shelf(options.warehouse.root)
        stack.callback(shelf.close)
        head_start = None
        if options.raw_from is not None:
            head_start = HeadStart(options.raw_from, hub, options.warehouse.root, minutes.say)
            stack.callback(head_start.close)
        stack.callback(believed.target.discard)
        state = FileState(store, ledger.loads)
        yield Night(options, store, ledger, state, believed, believed.target, hub, minutes, shelf, head_start)


def last_good_at(ledger: Ledger) -> datetime | None:
    """When the newest load began that did not fail, naive UTC; null if there is none. A failed load is ignored, because
    its clock may have been wrong."""
    return max((load.as_of() for load in ledger.loads if load.status != "failed"), default=None)


def without_torn_line(
    warehouse: Warehouse, store: BlobStore, ledger: Ledger, most_memory_bytes: int | None
) -> tuple[Believed, str | None]:
    """The published state, and a note if the ledger's last line was set aside because it was incomplete or named bytes
    that never reached the disk."""
    believed = Believed(warehouse, store, ledger, most_memory_bytes=most_memory_bytes)
    n_torn_bytes = ledger.set_aside_torn()
    half_line_note = f"the ledger ended with half a line: its {n_torn_bytes} bytes are in {ledger.aside.name} now"
    if not is_torn(ledger, store) or believed.holds(ledger.loads[-1]):
        refuse_strange_store(ledger, store)
        return believed, half_line_note if n_torn_bytes else None
    torn = ledger.set_aside_last()
    note = f"load {torn.load_id} names bytes that never reached the disk: its line is in {ledger.aside.name} now"
    return Believed(warehouse, store, ledger, most_memory_bytes=most_memory_bytes), note


def _failure_message(error: Exception) -> str:
    """Describes an error of the disk or the engine as one line."""
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError) and (known := engine_error(error)) is not None:
        return str(known)
    return (
        f"the run could not continue ({type(error).__name__}: {first_line(error)}): nothing was published, the next run continues"
        " from there"
    )
