"""Content-addressed bytes in one SQLite file: append-only, compressed, verified on the way in and on the way out.

SQLite, because twenty thousand small files must not become twenty thousand files on disk, and because its journal
already handles what a hand-made pack file would have to handle: a killed writer, a full disk, a torn page.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import zstandard

from leaderboard_etl.durable import durable
from leaderboard_etl.errors import UnwritableError, WarehouseError
from leaderboard_etl.raw.blob_ids import verify

STORE_NAME = "blobs.sqlite"
_LEVEL = 9
# How much a killed run has to fetch again: some hundred result files.
_COMMIT_EVERY_BYTES = 1 << 20


class BlobStore:
    """Bytes by blob id: 40 hex digits for a git blob, `sha256:` and 64 for LFS files and API answers.

    Every writer of a warehouse holds its run lock, so one process writes at a time; any number may read.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Opens or creates `folder`/blobs.sqlite. Raises WarehouseError if it is not there (read-only) or is not ours."""
        self.path = folder / STORE_NAME
        self._lock = threading.Lock()
        self._pending_bytes = 0
        if read_only and not self.path.exists():
            raise WarehouseError(
                f"{self.path} does not exist: nothing has been fetched into this warehouse yet; where"
                " something was, see what `leaderboard-etl doctor` can get again"
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._of_thread = threading.local()
        try:
            mode = "ro" if read_only else "rwc"
            uri = f"{self.path.resolve().as_uri()}?mode={mode}"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False, timeout=30)
            if not read_only:
                # `full` syncs content and journal; `extra` the folder too, so that a power cut brings no journal back.
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
        return bool(self._query("select 1 from blobs where blob_id = ?", (blob_id,)))

    def count(self) -> int:
        """How many blobs there are."""
        return len(self._query("select 1 from blobs", ()))

    def missing(self, blob_ids: Iterable[str]) -> set[str]:
        """The given ids that are not in the store."""
        wanted = set(blob_ids)
        if not wanted:
            return wanted
        if len(wanted) < 200:
            return {blob_id for blob_id in wanted if blob_id not in self}
        return wanted - {row[0] for row in self._query("select blob_id from blobs", ())}

    def put(self, blob_id: str, content: bytes) -> None:
        """Stores `content` under its id; storing it twice is not an error. Raises WarehouseError if the id is not the content's,
        UnwritableError if the disk does not take it."""
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
        """Removes blobs, so that sound bytes can replace them. Raises WarehouseError."""
        try:
            with self._lock, durable("blobs"):
                self._db.executemany("delete from blobs where blob_id = ?", [(blob_id,) for blob_id in blob_ids])
                self._db.commit()
        except sqlite3.Error as error:
            raise WarehouseError(_damaged(self.path, error)) from error

    def get(self, blob_id: str) -> bytes:
        """The bytes of one blob. Raises WarehouseError if it is not there or is damaged on disk."""
        for _, content in self.read([blob_id]):
            return content
        raise WarehouseError(f"{self.path} has no blob {blob_id}; fetch it again with a run against the Hub")

    def find(self, blob_id: str) -> bytes | None:
        """The same; null if it is absent. Raises WarehouseError if it is damaged on disk."""
        return next((content for _, content in self.read([blob_id])), None)

    def read(self, blob_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """(blob id, bytes) of the given ids that are there, each verified against its id."""
        unpack = zstandard.ZstdDecompressor()
        for blob_id in blob_ids:
            rows = self._query("select zstd, size_bytes from blobs where blob_id = ?", (blob_id,))
            for packed, size_bytes in rows:
                try:
                    content = unpack.decompress(packed, max_output_size=size_bytes)
                except zstandard.ZstdError as error:
                    raise WarehouseError(_damaged(self.path, error, blob_id)) from error
                if not verify(blob_id, content):
                    raise WarehouseError(_damaged(self.path, "wrong hash", blob_id))
                yield blob_id, content

    def _compressor(self) -> zstandard.ZstdCompressor:
        """One per thread: a compressor that two threads use at once crashes the process."""
        if not hasattr(self._of_thread, "compressor"):
            self._of_thread.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        compressor: zstandard.ZstdCompressor = self._of_thread.compressor
        return compressor

    def flush(self) -> None:
        """Makes everything stored so far safe on disk."""
        with self._lock:
            self._commit()

    def close(self) -> None:
        """Keeps what was stored since the last flush, so that it is not fetched again. No line of the ledger names it yet, or
        it would have been flushed: if the disk is full it is given up."""
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


def _damaged(path: Path, why: object, blob_id: str = "") -> str:
    what = f"blob {blob_id} in {path}" if blob_id else str(path)
    if getattr(why, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return f"{what} cannot be written ({why}); the published warehouse is untouched: free space and run again"
    return (
        f"{what} cannot be used ({why}); the published warehouse is untouched: restore the file from a copy, free space,"
        " or see what `leaderboard-etl doctor` can get again"
    )
