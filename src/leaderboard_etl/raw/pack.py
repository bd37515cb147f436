"""A pack: the files that a raw store landed from the Hub, in SQLite files small enough to publish.

Similar files share a block that is compressed as a whole. Result files of one leaderboard repeat each other's settings,
so a pack takes a third to a sixth of the store's size. A pack holds bytes only; the ledger records the loads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import zstandard

from leaderboard_etl.errors import UsageError, WarehouseError
from leaderboard_etl.raw.blob_ids import verify
from leaderboard_etl.raw.ledger import FileVersion, Load, read_changes
from leaderboard_etl.raw.store import BlobStore

PATTERN = "pack-*.sqlite"
_ON_THE_HUB = frozenset({"model", "dataset", "space"})
_BLOCK_BYTES = 16 << 20
_BLOCKS_KEPT = 4
_MOST_PACK_BYTES = 256 << 20
_LEVEL = 12
_SCHEMA = """
    create table blocks (block integer primary key, size_bytes integer not null, zstd blob not null);
    create table blobs (
        blob_id text primary key, block integer not null, offset_bytes integer not null, size_bytes integer not null
    ) without rowid;
"""


def write_packs(
    store: BlobStore, loads: Iterable[Load], folder: Path, *, packed: Iterable[Load] = (), first: int = 1
) -> list[Path]:
    """Writes every file that the loads landed from repositories on the Hub into packs in `folder`, which is created if
    needed; returns the paths of the packs, numbered from `first`: pack-0001.sqlite and so on. The same files give the same
    packs. What the loads `packed` landed is in a pack already and left out.

    Raises UsageError if `folder` is a file, and WarehouseError if it already holds packs or cannot be written, or if
    the store lacks a file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.glob(PATTERN)):
            raise WarehouseError(f"{folder} holds a pack already: give --out another folder")
        there = {file.blob_id for file in _landed(store, packed)}
        files = [file for file in _landed(store, loads) if file.blob_id not in there]
        blobs = ((file.blob_id, store.get(file.blob_id)) for file in files)
        written = packs_of(blobs, folder, most_bytes=_MOST_PACK_BYTES, first=first)
        return [path for path, _ in written] or ([_empty_pack(folder)] if first == 1 else [])
    except FileExistsError as error:
        raise UsageError(f"{folder} is a file: choose a folder for --out") from error
    except (OSError, sqlite3.Error) as error:
        raise WarehouseError(
            f"the pack could not be written into {folder} ({error}): free space or choose another"
        ) from error


def _landed(store: BlobStore, loads: Iterable[Load]) -> list[FileVersion]:
    """One version of each blob, with similar files next to each other."""
    versions: dict[str, FileVersion] = {}
    for load in loads:
        for source in load.sources if load.is_applied else ():
            for file in read_changes(store, source).changed:
                if file.repo_type in _ON_THE_HUB:
                    versions.setdefault(file.blob_id, file)
    # Sorts files of datasets by folder and files of models by file name, so that all cards and all configs are adjacent.
    return sorted(
        versions.values(),
        key=lambda file: (
            file.repo_type,
            "" if file.repo_type == "model" else file.repo_id,
            *_order(file),
            file.blob_id,
        ),
    )


def _order(file: FileVersion) -> tuple[str, str]:
    return (file.path, file.repo_id) if file.repo_type == "model" else ("", file.path)


def _blocks(blobs: Iterable[tuple[str, bytes]]) -> Iterator[tuple[bytes, list[tuple[str, int, int]]]]:
    """Yields blocks: the bytes, and (blob id, offset, size) of each blob in them."""
    content, places = bytearray(), list[tuple[str, int, int]]()
    for blob_id, body in blobs:
        if content and len(content) + len(body) > _BLOCK_BYTES:
            yield bytes(content), places
            content, places = bytearray(), []
        places.append((blob_id, len(content), len(body)))
        content += body
    if places:
        yield bytes(content), places


def _empty_pack(folder: Path) -> Path:
    path = folder / "pack-0001.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(_SCHEMA)
    return path


def packs_of(
    blobs: Iterable[tuple[str, bytes]], folder: Path, *, most_bytes: int, first: int = 1
) -> Iterator[tuple[Path, list[str]]]:
    """Writes blobs into packs of about `most_bytes`, numbered from `first`; yields each pack and the blob ids in it."""
    # With these settings zstd finds repetitions over the whole block and not only within about a megabyte.
    parameters = zstandard.ZstdCompressionParameters.from_level(_LEVEL, window_log=24, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    remaining_blocks = _blocks(blobs)
    following = next(remaining_blocks, None)
    number = first - 1
    while following is not None:
        number += 1
        path = folder / f"pack-{number:04}.sqlite"
        pack_bytes, blob_ids = 0, list[str]()
        with closing(sqlite3.connect(path)) as db:
            db.executescript(_SCHEMA)
            block = 0
            while following is not None and pack_bytes < most_bytes:
                content, places = following
                packed = compressor.compress(content)
                db.execute("insert into blocks values (?, ?, ?)", (block, len(content), packed))
                rows = [(blob_id, block, offset, size) for blob_id, offset, size in places]
                db.executemany("insert into blobs values (?, ?, ?, ?)", rows)
                pack_bytes += len(packed)
                blob_ids += [blob_id for blob_id, _, _ in places]
                block += 1
                following = next(remaining_blocks, None)
            db.commit()
        yield path, blob_ids


class Pack:
    """One pack, open for reading."""

    def __init__(self, path: Path) -> None:
        """Opens a pack. Raises WarehouseError if the file is not a pack."""
        self.path = path
        self._unpacked: dict[int, bytes] = {}
        try:
            self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
            self._db.execute("select 1 from blobs, blocks limit 1").fetchall()
        except sqlite3.Error as error:
            raise WarehouseError(f"{path} is not a pack of raw files ({error}): fetch it again") from error

    def close(self) -> None:
        self._db.close()

    def read(self, blob_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yields (blob id, bytes) of the given ids that are in the pack, block by block. Bytes that do not match their
        hash are left out as if they were absent."""
        wanted = set(blob_ids)
        try:
            rows = self._db.execute(
                "select blob_id, block, offset_bytes, size_bytes from blobs order by block, offset_bytes"
            )
            places: dict[int, list[tuple[str, int, int]]] = {}
            for blob_id, block, offset, size in rows:
                if blob_id in wanted:
                    places.setdefault(block, []).append((blob_id, offset, size))
            for block, files in places.items():
                content = self._block(block)
                for blob_id, offset, size in files:
                    body = content[offset : offset + size]
                    if verify(blob_id, body):
                        yield blob_id, body
        except sqlite3.Error:
            return  # the rest of a damaged pack is treated as absent

    def find(self, blob_id: str) -> bytes | None:
        """The bytes of one id; null if they are absent or damaged. The last blocks stay uncompressed in memory, because
        a caller that reads one file usually reads its neighbours next."""
        try:
            row = self._db.execute(
                "select block, offset_bytes, size_bytes from blobs where blob_id = ?", (blob_id,)
            ).fetchone()
            if row is None:
                return None
            block, offset, size = row
            content = self._unpacked.pop(block, None) or self._block(block)
        except sqlite3.Error:
            return None
        self._unpacked[block] = content
        if len(self._unpacked) > _BLOCKS_KEPT:
            del self._unpacked[next(iter(self._unpacked))]
        body = content[offset : offset + size]
        return body if verify(blob_id, body) else None

    def _block(self, block: int) -> bytes:
        row = self._db.execute("select size_bytes, zstd from blocks where block = ?", (block,)).fetchone()
        try:
            return zstandard.ZstdDecompressor(max_window_size=1 << 27).decompress(row[1], max_output_size=row[0])
        except (zstandard.ZstdError, TypeError):
            return b""
