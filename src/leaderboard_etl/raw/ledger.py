"""The ledger of loads: one JSON line per load, beside the blobs, append-only. Ledger and blobs together are the
complete truth: the DuckDB file is a fold of both and can be built again from them. raw/chain.py detects lines that were
lost or changed.

A line is appended after everything that it names is on disk, and before the new file replaces the published one. If a
run is killed in between, the ledger is ahead of the file, and the next run folds the missing loads in
(leaderboard_etl.durable).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from leaderboard_etl.contracts.migrations import refuse_newer, schema_version
from leaderboard_etl.durable import durable, sync
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.blob_ids import sha256_id
from leaderboard_etl.raw.chain import Line, read_lines, seal
from leaderboard_etl.raw.store import BlobStore

APPLIED = ("published", "degraded")
# The message about a source that a run left out on purpose.
NOT_ASKED = "not asked for (--only)"
# What identifies a file whatever its version: repo_type, repo_id, path.
Place = tuple[str, str, str]


class FileVersion(msgspec.Struct, frozen=True, order=True, gc=False):
    """One version of one file, pinned to the commit at which it was fetched. `fetched_at` is ISO 8601, UTC."""

    repo_type: str
    repo_id: str
    path: str
    revision: str
    blob_id: str
    size_bytes: int
    fetched_at: str

    @property
    def place(self) -> Place:
        return (self.repo_type, self.repo_id, self.path)


class Changes(msgspec.Struct, frozen=True):
    """What one load changed in the files of one source: new versions, and the places of files that are gone."""

    changed: list[FileVersion] = []
    gone: list[Place] = []

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


class Drift(msgspec.Struct, frozen=True):
    """Something about a source that is not as expected, and that a person should look at. `is_held`: the source is held
    back because of it."""

    source_id: str
    kind: str
    subject: str
    message: str
    is_held: bool = False


class JudgementChange(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Something that a load changed in what is judged of the sources' statements: a row of ops.judgement_changes."""

    kind: str
    subject: str
    before_text: str | None
    before_value: float | None
    after_text: str | None
    after_value: float | None
    source_id: str | None
    source_url: str | None


class SourceLoad(msgspec.Struct):
    """What one source contributed to one load. `changes_blob` is the id of its Changes, landed as JSON; null if nothing
    changed.

    `cursor` is where a source that works through a long list within a budget continues next time; `remaining` is how
    much of the list it has never reached.
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
    """One line of the ledger. Times are ISO 8601, UTC. `summary` holds counts for `status` and is never read back into
    tables. `judgements` is what the load changed in what is judged; null if nobody compared."""

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
    judgements: list[JudgementChange] | None = None

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
    """ISO 8601 with microseconds and a Z; a naive datetime is taken as UTC."""
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_utc(text: str) -> datetime:
    """The inverse of format_utc, without time zone."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC).replace(tzinfo=None)


class Ledger:
    """The loads of one warehouse, oldest first."""

    def __init__(self, folder: Path) -> None:
        """Reads `folder`/ledger.jsonl. An incomplete last line, left by a killed writer, is ignored and set aside by
        the next append.

        Raises WarehouseError for a line that cannot be read, was changed, or does not follow the line before it.
        """
        self.path = folder / "ledger.jsonl"
        self.aside = folder / "ledger.aside.jsonl"
        self.loads: list[Load] = []
        # Called with each line before it is written here: of a ledger that lives elsewhere, there it is recorded first.
        self.before_line: Callable[[bytes], None] | None = None
        content = self.path.read_bytes() if self.path.exists() else b""
        lines, self.torn = read_lines(content)
        self._last_line = lines[-1].content if lines else b""
        self._valid_bytes = len(content) - len(self.torn)
        refuse_newer_lines(self.path, lines)
        for line in lines:
            self.loads.append(self._load_of(line))

    @property
    def last(self) -> Load | None:
        return self.loads[-1] if self.loads else None

    def next_id(self) -> int:
        return self.loads[-1].load_id + 1 if self.loads else 1

    def applied(self) -> list[Load]:
        """The loads whose changes are part of the warehouse, oldest first."""
        return [load for load in self.loads if load.is_applied]

    def append(self, load: Load) -> None:
        """Appends one line with the hash of the line before it, and waits until it is on disk. Raises WarehouseError if
        it cannot be written."""
        line = seal(load_body(load), self._last_line)
        if self.before_line is not None:
            self.before_line(line)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._set_aside(self.torn, keep_bytes=self._valid_bytes)
            with durable("ledger line"):
                append_durably(self.path, line)
                self._last_line = line
                self._valid_bytes += len(line)
                self.loads.append(load)
        except OSError as error:
            # On a full disk a part of the line may have been written; cut it off now.
            with contextlib.suppress(OSError):
                os.truncate(self.path, self._valid_bytes + len(self.torn))
            raise WarehouseError(f"{self.path} cannot be written ({error}): this load is not recorded") from error

    def set_aside_torn(self) -> int:
        """Moves an incomplete last line from the ledger into the file `aside`; returns its length in bytes, 0 if there
        is none. Raises WarehouseError if the files cannot be written."""
        n_bytes = len(self.torn)
        try:
            self._set_aside(self.torn, keep_bytes=self._valid_bytes)
        except OSError as error:
            raise WarehouseError(f"{self.path} cannot be written ({error}): half a line stays at its end") from error
        return n_bytes

    def set_aside_last(self) -> Load:
        """Moves the last line, which names bytes that never reached the disk, from the ledger into the file `aside`,
        and returns its load. Raises WarehouseError if the files cannot be written."""
        content = self.path.read_bytes()
        lines, _ = read_lines(content)
        keep_bytes = self._valid_bytes - len(lines[-1].content)
        try:
            self._set_aside(content[keep_bytes:], keep_bytes=keep_bytes)
        except OSError as error:
            raise WarehouseError(f"{self.path} cannot be written ({error}): its last line stays") from error
        self._last_line = lines[-2].content if len(lines) > 1 else b""
        return self.loads.pop()

    def _set_aside(self, content: bytes, *, keep_bytes: int) -> None:
        """Appends `content`, the end of the ledger, to the file `aside`, and cuts it off the ledger. Raises OSError."""
        if not content:
            return
        with durable("line aside"):
            append_durably(self.aside, content if content.endswith(b"\n") else content + b"\n")
            with self.path.open("r+b") as file:
                file.truncate(keep_bytes)
                os.fsync(file.fileno())
        self._valid_bytes, self.torn = keep_bytes, b""

    def _load_of(self, line: Line) -> Load:
        fault = line.fault
        try:
            if fault is None:
                return msgspec.json.decode(line.content, type=Load)
        except msgspec.MsgspecError as error:
            fault = f"is not a load ({error})"
        raise WarehouseError(
            f"{self.path}, line {line.number}, {fault}; the published warehouse is untouched: restore the ledger from a"
            " copy, or see what `leaderboard-etl doctor` says of it"
        )


def load_body(load: Load) -> bytes:
    """A load as JSON, with the schema version that it was written for."""
    return msgspec.json.encode(load)[:-1] + f',"schema_version":{schema_version()}}}'.encode()


class _Versions(msgspec.Struct):
    code_version: str
    schema_version: int = 1


def refuse_newer_lines(path: Path, lines: Iterable[Line]) -> None:
    """Raises WarehouseError if newer code wrote one of the lines, because this code cannot interpret it."""
    for line in lines:
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            versions = msgspec.json.decode(line.content, type=_Versions)
            refuse_newer(path, versions.schema_version, versions.code_version)


def append_durably(path: Path, content: bytes) -> None:
    """Appends `content` to a file and waits until the content and the file's name are on disk. Raises OSError."""
    is_new = not path.exists()
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync(path.parent)


def land_changes(store: BlobStore, changes: Changes) -> str | None:
    """Stores a source's changes as a blob; returns its id, or null if nothing changed."""
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
    """The current files of every source by place: the fold of the changes of all loads applied so far. Those of a source are read
    when its files are first asked for."""

    def __init__(self, store: BlobStore, loads: Iterable[Load] = ()) -> None:
        self._store = store
        self._files: dict[str, dict[Place, FileVersion]] = {}
        self._waiting: dict[str, list[SourceLoad | Changes]] = {}
        self._lock = threading.Lock()
        for load in loads:
            self.apply(load)

    def apply(self, load: Load) -> None:
        """Applies the changes of one more load; a load that is not part of the warehouse changes nothing."""
        if not load.is_applied:
            return
        for source in load.sources:
            self._waiting.setdefault(source.source_id, []).append(source)

    def change(self, source_id: str, changes: Changes) -> None:
        """Applies changes of one source."""
        self._waiting.setdefault(source_id, []).append(changes)

    def of(self, source_id: str) -> dict[Place, FileVersion]:
        """The current files of one source, by place."""
        with self._lock:
            files = self._files.setdefault(source_id, {})
            for each in self._waiting.get(source_id, ()):
                changes = each if isinstance(each, Changes) else read_changes(self._store, each)
                for repo_type, repo_id, path in changes.gone:
                    files.pop((repo_type, repo_id, path), None)
                files.update({(file.repo_type, file.repo_id, file.path): file for file in changes.changed})
            self._waiting.pop(source_id, None)
            return files
