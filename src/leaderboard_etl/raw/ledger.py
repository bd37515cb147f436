"""The ledger of loads: one JSON line a load, beside the blobs, append-only. With the blobs it is the whole truth:
the DuckDB file is a fold of both and can be made again from them.

A line is appended after the audit and before the new file replaces the published one. A run killed in between
leaves a ledger that is ahead of the file; the next run folds the missing loads in first.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.blob_ids import sha256_id
from leaderboard_etl.raw.store import BlobStore

APPLIED = ("published", "degraded")


class FileVersion(msgspec.Struct, frozen=True, order=True):
    """One version of one file, pinned to the commit at which it was fetched. `fetched_at` is ISO 8601, UTC."""

    repo_type: str
    repo_id: str
    path: str
    revision: str
    blob_id: str
    size_bytes: int
    fetched_at: str

    @property
    def place(self) -> tuple[str, str, str]:
        """What identifies the file apart from its version."""
        return (self.repo_type, self.repo_id, self.path)


class Changes(msgspec.Struct, frozen=True):
    """What one load changed in the files of one source: new versions, and places that are gone."""

    changed: list[FileVersion] = []
    gone: list[tuple[str, str, str]] = []

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


class Drift(msgspec.Struct, frozen=True):
    """One finding about a source that a person should look at."""

    source_id: str
    kind: str
    subject: str
    message: str
    is_held: bool = False


class SourceLoad(msgspec.Struct):
    """What one source gave to one load. `changes_blob` is the id of its Changes as landed JSON; null: no news.

    `cursor` is where a source that works through a long list within a budget goes on next time.
    """

    source_id: str
    state: str
    message: str | None = None
    revision: str | None = None
    api_calls: int = 0
    file_calls: int = 0
    changes_blob: str | None = None
    drift: list[Drift] = []
    cursor: dict[str, str] = {}
    remaining: int = 0


class Load(msgspec.Struct):
    """One line of the ledger. Times are ISO 8601, UTC. `summary` holds counts for `status`; it is never read back into tables."""

    load_id: int
    kind: str
    status: str
    as_of_at: str
    endpoint: str
    code_version: str
    sources: list[SourceLoad] = []
    message: str | None = None
    finished_at: str | None = None
    summary: dict[str, int] = {}

    @property
    def is_applied(self) -> bool:
        """Whether the load's changes are part of the warehouse."""
        return self.status in APPLIED

    def as_of(self) -> datetime:
        """`as_of_at` as a naive UTC datetime, as the database stores it."""
        return parse_utc(self.as_of_at)

    def source(self, source_id: str) -> SourceLoad | None:
        return next((s for s in self.sources if s.source_id == source_id), None)


def format_utc(moment: datetime) -> str:
    """ISO 8601 with microseconds and a Z; naive datetimes are taken as UTC."""
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_utc(text: str) -> datetime:
    """The inverse of format_utc, without time zone."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC).replace(tzinfo=None)


class Ledger:
    """The loads of one warehouse, oldest first."""

    def __init__(self, folder: Path) -> None:
        """Reads `folder`/ledger.jsonl. A torn last line (a writer killed in mid-write) is ignored and cut off by the
        next append; any other unreadable line raises WarehouseError."""
        self.path = folder / "ledger.jsonl"
        self.loads: list[Load] = []
        self._valid_bytes = 0
        if not self.path.exists():
            return
        for number, line in enumerate(self.path.read_bytes().splitlines(keepends=True), 1):
            try:
                load = msgspec.json.decode(line, type=Load)
            except msgspec.MsgspecError as error:
                if line.endswith(b"\n"):
                    raise WarehouseError(
                        f"{self.path}, line {number}, is not a load ({error}): restore the file from a copy; "
                        "the published warehouse is untouched"
                    ) from error
                return
            if not line.endswith(b"\n"):
                return
            self.loads.append(load)
            self._valid_bytes += len(line)

    @property
    def last(self) -> Load | None:
        return self.loads[-1] if self.loads else None

    def next_id(self) -> int:
        return self.loads[-1].load_id + 1 if self.loads else 1

    def applied(self) -> list[Load]:
        """The loads whose changes are part of the warehouse, oldest first."""
        return [load for load in self.loads if load.is_applied]

    def append(self, load: Load) -> None:
        """Adds one line and waits until it is on disk. Raises WarehouseError if it cannot be written."""
        line = msgspec.json.encode(load) + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                if file.tell() != self._valid_bytes:
                    file.truncate(self._valid_bytes)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise WarehouseError(f"{self.path} cannot be written ({error}): this load is not recorded") from error
        self._valid_bytes += len(line)
        self.loads.append(load)


def land_changes(store: BlobStore, changes: Changes) -> str | None:
    """Puts a source's changes beside the bytes they speak of; returns the blob id, or null where nothing changed."""
    if not changes:
        return None
    content = msgspec.json.encode(Changes(sorted(changes.changed), sorted(changes.gone)))
    blob_id = sha256_id(content)
    store.put(blob_id, content)
    return blob_id


def read_changes(store: BlobStore, source: SourceLoad) -> Changes:
    """The inverse of land_changes."""
    if source.changes_blob is None:
        return Changes()
    return msgspec.json.decode(store.get(source.changes_blob), type=Changes)


class FileState:
    """The current files of every source, by place: the fold of the changes of the loads applied so far."""

    def __init__(self, store: BlobStore, loads: Iterable[Load] = ()) -> None:
        self._store = store
        self._files: dict[str, dict[tuple[str, str, str], FileVersion]] = {}
        for load in loads:
            self.apply(load)

    def apply(self, load: Load) -> None:
        """Takes one more load into account; loads that were not applied change nothing."""
        if not load.is_applied:
            return
        for source in load.sources:
            self.change(source.source_id, read_changes(self._store, source))

    def change(self, source_id: str, changes: Changes) -> None:
        """Takes changes of one source into account."""
        files = self._files.setdefault(source_id, {})
        for repo_type, repo_id, path in changes.gone:
            files.pop((repo_type, repo_id, path), None)
        for file in changes.changed:
            files[file.place] = file

    def of(self, source_id: str) -> dict[tuple[str, str, str], FileVersion]:
        """The current files of one source."""
        return self._files.setdefault(source_id, {})
