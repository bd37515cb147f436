"""One run in progress: what it has open, what its steps found, and how it ends."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
from msgspec.structs import replace

from leaderboard_etl.code_version import code_version
from leaderboard_etl.errors import (
    EtlError,
    HubError,
    UnwritableError,
    UsageError,
    WarehouseError,
    engine_error,
    first_line,
)
from leaderboard_etl.hub.answers import HubLimitedError, NoHubError
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.head_start import HeadStart
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline.right_clock import expect_right_clock
from leaderboard_etl.raw.ledger import Changes, FileState, Ledger, Load, SourceLoad, format_utc
from leaderboard_etl.raw.lock import run_lock
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.raw.torn import is_torn, refuse_strange_store
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.target import Staged, Target, target_of
from leaderboard_etl.target.believed import Believed
from leaderboard_etl.termination import Terminated, at_the_end, is_asked
from leaderboard_etl.warehouse.audit import Finding


@dataclass
class Night:
    """One run in progress: what it has open, and what each step found."""

    options: Options
    store: BlobStore
    ledger: Ledger
    state: FileState
    believed: Believed
    target: Target
    hub: Hub
    as_of_at: datetime
    entries: dict[str, SourceLoad] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)
    parsed: dict[str, Parsed] = field(default_factory=dict)
    partly_read: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    staged: Staged | None = None
    head_start: HeadStart | None = None
    load: Load | None = None
    status: str = "running"
    kind: str = "nightly"
    notes: list[str] = field(default_factory=list)
    # Worked out at the beginning: at a hasty end there is no time for it.
    code_version: str = field(default_factory=code_version)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def now(self) -> str:
        return format_utc(self.as_of_at)

    @property
    def table_sources(self) -> list[str]:
        """Sources that are one repository on the Hub."""
        return [source_id for source_id, source in SOURCES.items() if source.repo_id]

    def expect_right_clock(self) -> None:
        """Raises WarehouseError where this machine's clock is far ahead; the failed load is then dated by the Hub's."""
        hub_at, last_at = self.hub.clock.newest_at, last_good_at(self.ledger)
        try:
            expect_right_clock(self.as_of_at, hub_at, last_at)
        except WarehouseError:
            self.as_of_at = max(at for at in (hub_at, last_at) if at is not None)
            raise

    def write_down(self, load: Load) -> None:
        """Puts the load's line into the ledger, unless the last words of a terminated run are there already. Raises
        WarehouseError if it cannot be written."""
        load.finished_at = format_utc(datetime.now(UTC))
        with self._writing:
            if self.status != "failed":
                self.ledger.append(load)
                self.status = load.status if load.status == "failed" else self.status

    def say(self, note: str | None) -> None:
        """Keeps a sentence for the end of the run, for the person who reads its report."""
        if note is not None:
            self.notes.append(note)

    def wants(self, source_id: str) -> bool:
        return not self.options.only or source_id in self.options.only

    @contextmanager
    def standing_alone(self, source_id: str) -> Iterator[None]:
        """Within the block, a source that fails stays at its last good state and the others go on.

        NoHubError and UnwritableError are passed on: without a Hub, or a disk, there is no night. Raises WarehouseError where
        what the Hub answered so far shows that this machine's clock is far ahead.
        """
        self.expect_right_clock()
        try:
            yield
        except (NoHubError, UnwritableError):
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
    notes: list[str] = field(default_factory=list)


def run_night(options: Options, tell: Callable[[Night], None]) -> Outcome:
    """Opens a night, lets `tell` go through its steps, and closes it whatever happens.

    An EtlError ends the night as failed, on record, with the published warehouse untouched; UsageError is passed on,
    for nothing was begun.
    """
    begun = time.monotonic()
    message = None
    with open_night(options) as night, at_the_end(lambda: _give_up(night, str(Terminated()))):
        try:
            tell(night)
        except (EtlError, duckdb.Error, sqlite3.Error, OSError, MemoryError) as error:
            message = str(error) if isinstance(error, EtlError) else _told(error)
            _give_up(night, message)
        except BaseException as error:
            # Prefect hears SIGTERM within a flow and raises its own signal, now and then before we know of it.
            is_terminated = is_asked() or type(error).__name__ == "TerminationSignal"
            _give_up(night, str(Terminated()) if is_terminated else first_line(error) or type(error).__name__)
            raise
        night.say(night.believed.trouble)
    seconds = time.monotonic() - begun
    return Outcome(options, night.status, night.load, night.findings, night.counts, seconds, message, night.notes)


def plainly(step: Callable[..., None], *arguments: object) -> None:
    """Runs a step without Prefect."""
    step(*arguments)


def is_passing(task: Any, run: Any, state: Any) -> bool:
    """Whether a step's failure may pass when it is tried again: the Hub was ill, not the data. For Prefect's retries."""
    try:
        state.result()
    except (NoHubError, HubLimitedError):
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
        believed, said = without_torn_line(options.warehouse, store, ledger, options.most_memory_bytes)
        stack.callback(believed.close)
        if ledger.last is not None and ledger.last.endpoint != options.endpoint:
            raise UsageError(
                f"{options.warehouse.root} belongs to the Hub {ledger.last.endpoint!r}, not {options.endpoint!r}:"
                " a warehouse is fed by one Hub; choose another folder with --warehouse"
            )
        started = (options.started_at or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
        if (last_at := last_good_at(ledger)) is not None:
            started = max(started, last_at + timedelta(microseconds=1))
        hub = Hub(options.hub, deadline=time.monotonic() + 60 * options.deadline_minutes)
        stack.callback(hub.close)
        target = target_of(options.warehouse)
        night = Night(options, store, ledger, FileState(store, ledger.loads), believed, target, hub, started)
        night.say(said)
        if options.raw_from is not None:
            night.head_start = HeadStart(options.raw_from, hub, options.warehouse.root, night.say)
            stack.callback(night.head_start.close)
        try:
            yield night
        finally:
            night.target.discard()


def last_good_at(ledger: Ledger) -> datetime | None:
    """When the newest load began that did not fail, naive UTC. What failed dates nothing, and its clock may have been wrong."""
    return max((load.as_of() for load in ledger.loads if load.status != "failed"), default=None)


def without_torn_line(
    warehouse: Warehouse, store: BlobStore, ledger: Ledger, most_memory_bytes: int | None
) -> tuple[Believed, str | None]:
    """What is believed, and a sentence where the ledger's last line was set aside: it was half a line, or named bytes that
    never reached the disk."""
    believed = Believed(warehouse, store, ledger, most_memory_bytes=most_memory_bytes)
    n_torn_bytes = ledger.set_aside_torn()
    half = f"the ledger ended with half a line: its {n_torn_bytes} bytes are in {ledger.aside.name} now"
    if not is_torn(ledger, store) or believed.holds(ledger.loads[-1]):
        refuse_strange_store(ledger, store)
        return believed, half if n_torn_bytes else None
    torn = ledger.set_aside_last()
    said = f"load {torn.load_id} names bytes that never reached the disk: its line is in {ledger.aside.name} now"
    return Believed(warehouse, store, ledger, most_memory_bytes=most_memory_bytes), said


def _give_up(night: Night, why: str) -> None:
    """Records a night that failed; the published warehouse stays as it was."""
    if night.status in ("published", "degraded", "no_news"):
        return
    night.load = ledger_line(night, "failed", why[:800])
    night.load.sources = [replace(entry, changes_blob=None) for entry in night.load.sources]
    try:
        night.write_down(night.load)
    except WarehouseError as error:
        # Why the night failed matters more than that it is not on record.
        night.say(str(error))
    night.status = "failed"


def _told(error: Exception) -> str:
    """An error of the disk or an engine in our words."""
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError) and (told := engine_error(error)) is not None:
        return str(told)
    return (
        f"the run could not go on ({type(error).__name__}: {first_line(error)}): nothing was published, the next run goes on"
        " from there"
    )


def ledger_line(night: Night, status: str, message: str | None = None) -> Load:
    """What the ledger is to say of this night."""
    problems = [f"{e.source_id}: {e.message}" for e in night.entries.values() if e.state in ("failed", "held")]
    return Load(
        load_id=night.ledger.next_id(),
        kind=night.kind,
        status=status,
        as_of_at=night.now,
        endpoint=night.options.endpoint,
        code_version=night.code_version,
        sources=[night.entries[source_id] for source_id in sorted(night.entries)],
        message=message or "; ".join(problems) or None,
    )


def is_degraded(night: Night) -> bool:
    """Whether a source failed or was held back."""
    return any(entry.state in ("failed", "held") for entry in night.entries.values())
