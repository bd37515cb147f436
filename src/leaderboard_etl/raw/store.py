"""Content-addressed bytes in one SQLite file: append-only, compressed, and verified when they are written and read.

SQLite avoids twenty thousand small files on disk, and its journal already handles what a self-made pack file would have
to handle: a killed writer, a full disk, a torn page.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol

import zstandard

from leaderboard_etl.durable import durable
from leaderboard_etl.errors import UnwritableError, WarehouseError
from leaderboard_etl.raw.blob_ids import verify

STORE_NAME = "blobs.sqlite"
_LEVEL = 9
# At most this much must be fetched again after a killed run: about a hundred result files.
_COMMIT_EVERY_BYTES = 1 << 20
_per_thread = threading.local()


class PackedBlob(NamedTuple):
    """A blob as it lies in a store. It can be sent to another machine and unpacked there."""

    store: str
    blob_id: str
    size_bytes: int
    zstd: bytes

    def content(self) -> bytes:
        """The bytes, verified by their hash. Raises WarehouseError if they are damaged."""
        try:
            content = _decompressor().decompress(self.zstd, max_output_size=self.size_bytes)
        except zstandard.ZstdError as error:
            raise WarehouseError(_damaged(self.store, error, self.blob_id)) from error
        if not verify(self.blob_id, content):
            raise WarehouseError(_damaged(self.store, "wrong hash", self.blob_id))
        return content


class Behind(Protocol):
    """Another store behind a local one, of which every blob counts as being here too (raw/elsewhere.py)."""

    @property
    def held(self) -> Collection[str]:
        """The ids of the blobs that are there."""

    def read(self, blob_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yields (blob id, bytes) of these, and of others that come with them."""


class BlobStore:
    """Bytes by blob id: 40 hex digits for a git blob, `sha256:` and 64 hex digits for LFS files and API answers.

    Every writer holds the warehouse's run lock, so one process writes at a time; any number may read.
    """

    def __init__(self, folder: Path, *, read_only: bool = False, behind: Behind | None = None) -> None:
        """Opens or creates `folder`/blobs.sqlite. What is only in the store `behind` is brought when it is read. Raises
        WarehouseError if the file is missing (read-only) or is not a store."""
        self.path = folder / STORE_NAME
        self._behind = behind
        self._lock = threading.Lock()
        self._pending_bytes = 0
        if read_only and not self.path.exists():
            raise WarehouseError(
                f"{self.path} does not exist: nothing has been fetched into this warehouse yet; where"
                " something was, see what `leaderboard-etl doctor` can get again"
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._per_thread = threading.local()
        try:
            mode = "ro" if read_only else "rwc"
            uri = f"{self.path.resolve().as_uri()}?mode={mode}"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=30)
            if not read_only:
                # `full` syncs content and journal; `extra` also syncs the folder, so that a deleted journal stays deleted
                # after a power cut.
                self._db.execute("pragma synchronous = extra")
                self._db.execute(
                    "create table if not exists blobs"
                    " (blob_id text primary key, size_bytes integer not null, zstd blob not null)"
                )
                self._db.commit()
        except sqlite3.Error as error:
            raise WarehouseError(_damaged(self.path, error)) from error

    def __enter__(self) -> BlobStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __contains__(self, blob_id: str) -> bool:
        is_here = bool(self._query("select 1 from blobs where blob_id = ?", (blob_id,)))
        return is_here or (self._behind is not None and blob_id in self._behind.held)

    def ids(self) -> set[str]:
        """The ids of the blobs in this file."""
        return {str(row[0]) for row in self._query("select blob_id from blobs", ())}

    def count(self) -> int:
        """The number of blobs in the store."""
        return len(self._query("select 1 from blobs", ()))

    def missing(self, blob_ids: Iterable[str]) -> set[str]:
        """The given ids that are not in the store."""
        absent = self._query(
            "select value from json_each(?) where not exists (select 1 from blobs where blob_id = value)",
            (json.dumps([*set(blob_ids)]),),
        )
        return {str(row[0]) for row in absent} - set(() if self._behind is None else self._behind.held)

    def put(self, blob_id: str, content: bytes) -> None:
        """Stores `content` under its id; storing it twice is not an error. Raises WarehouseError if the content does
        not have that id, UnwritableError if it cannot be written."""
        if not verify(blob_id, content):
            raise WarehouseError(f"refused to land bytes under {blob_id}: they do not have that hash")
        packed = self._compressor().compress(content)
        try:
            with self._lock:
                self._db.execute("insert or ignore into blobs values (?, ?, ?)", (blob_id, len(content), packed))
                self._pending_bytes += len(packed)
                if self._pending_bytes >= _COMMIT_EVERY_BYTES:
                    self._commit()
        except sqlite3.Error as error:
            raise UnwritableError(_damaged(self.path, error)) from error

    def forget(self, blob_ids: Iterable[str]) -> None:
        """Removes blobs, so that sound bytes can replace them. Raises WarehouseError if the file cannot be written."""
        try:
            with self._lock, durable("blobs"):
                self._db.executemany("delete from blobs where blob_id = ?", [(blob_id,) for blob_id in blob_ids])
                self._db.commit()
        except sqlite3.Error as error:
            raise WarehouseError(_damaged(self.path, error)) from error

    def get(self, blob_id: str) -> bytes:
        """The bytes of one blob. Raises WarehouseError if it is absent or damaged on disk."""
        for _, content in self.read([blob_id]):
            return content
        raise WarehouseError(f"{self.path} has no blob {blob_id}; fetch it again with a run against the Hub")

    def find(self, blob_id: str) -> bytes | None:
        """The bytes of one blob; null if it is absent. Raises WarehouseError if it is damaged on disk."""
        return next((content for _, content in self.read([blob_id])), None)

    def read(self, blob_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yields (blob id, bytes) of the given ids that are in the store, each verified by its hash."""
        for packed in self.packed(blob_ids):
            yield packed.blob_id, packed.content()

    def packed(self, blob_ids: Iterable[str]) -> Iterator[PackedBlob]:
        """Yields the given blobs that are in the store as they lie there, neither unpacked nor verified."""
        if self._behind is not None:
            blob_ids = list(blob_ids)
            self._bring(self._behind, blob_ids)
        for blob_id in blob_ids:
            rows = self._query("select zstd, size_bytes from blobs where blob_id = ?", (blob_id,))
            for packed, size_bytes in rows:
                yield PackedBlob(str(self.path), blob_id, size_bytes, packed)

    def _bring(self, behind: Behind, blob_ids: Iterable[str]) -> None:
        absent = [blob_id for blob_id in blob_ids if blob_id in behind.held]
        absent = [blob_id for blob_id in absent if not self._query("select 1 from blobs where blob_id = ?", (blob_id,))]
        for blob_id, content in behind.read(absent) if absent else ():
            self.put(blob_id, content)

    def _compressor(self) -> zstandard.ZstdCompressor:
        """The compressor of this thread; sharing one between threads crashes the process."""
        if not hasattr(self._per_thread, "compressor"):
            self._per_thread.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        compressor: zstandard.ZstdCompressor = self._per_thread.compressor
        return compressor

    def flush(self) -> None:
        """Writes everything stored so far to the disk durably."""
        with self._lock:
            self._commit()

    def close(self) -> None:
        """Commits what was stored since the last flush, so that it need not be fetched again, and closes the file. If
        the disk is full these blobs are lost; no ledger line names them yet."""
        with self._lock:
            with suppress(WarehouseError):
                self._commit()
            self._db.close()

    def _commit(self) -> None:
        if not self._pending_bytes:
            return
        try:
            with durable("blobs"):
                self._db.commit()
        except sqlite3.Error as error:
            raise UnwritableError(_damaged(self.path, error)) from error
        self._pending_bytes = 0

    def _query(self, sql: str, parameters: tuple[str, ...]) -> list[tuple[bytes, int]]:
        try:
            with self._lock:
                return self._db.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise WarehouseError(_damaged(self.path, error)) from error


def _decompressor() -> zstandard.ZstdDecompressor:
    """The decompressor of this thread; sharing one between threads crashes the process."""
    if not hasattr(_per_thread, "decompressor"):
        _per_thread.decompressor = zstandard.ZstdDecompressor()
    decompressor: zstandard.ZstdDecompressor = _per_thread.decompressor
    return decompressor


def _damaged(path: Path | str, why: object, blob_id: str = "") -> str:
    what = f"blob {blob_id} in {path}" if blob_id else str(path)
    if getattr(why, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return f"{what} cannot be written ({why}); the published warehouse is untouched: free space and run again"
    return (
        f"{what} cannot be used ({why}); the published warehouse is untouched: restore the file from a copy, free space,"
        " or see what `leaderboard-etl doctor` can get again"
    )
