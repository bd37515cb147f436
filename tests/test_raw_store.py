"""The landing store keeps bytes unchanged under their own hash, whatever happens to its writer."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.blob_ids import git_blob_id, sha256_id
from leaderboard_etl.raw.store import BlobStore


@given(content=st.binary(max_size=4096))
@settings(max_examples=50)
def test_bytes_are_read_back_unchanged(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    with BlobStore(tmp_path_factory.mktemp("raw")) as store:
        for blob_id in (git_blob_id(content), sha256_id(content)):
            store.put(blob_id, content)
            assert store.get(blob_id) == content


def test_bytes_that_do_not_have_the_hash_are_never_landed(tmp_path: Path) -> None:
    with BlobStore(tmp_path) as store:
        blob_id = git_blob_id(b"right")
        with pytest.raises(WarehouseError, match="do not have that hash"):
            store.put(blob_id, b"wrong")
        assert blob_id not in store


def test_landing_the_same_bytes_twice_keeps_one_copy(tmp_path: Path) -> None:
    with BlobStore(tmp_path) as store:
        for _ in range(2):
            store.put(git_blob_id(b"x"), b"x")
    with sqlite3.connect(tmp_path / "blobs.sqlite") as db:
        assert db.execute("select count(*) from blobs").fetchone() == (1,)


def test_missing_returns_only_absent_ids(tmp_path: Path) -> None:
    with BlobStore(tmp_path) as store:
        ids = [git_blob_id(str(n).encode()) for n in range(300)]
        for n in range(250):
            store.put(ids[n], str(n).encode())
        assert store.missing(ids) == set(ids[250:])
        assert store.missing(ids[248:252]) == set(ids[250:252])


def test_a_flipped_byte_on_disk_is_reported_and_not_returned(tmp_path: Path) -> None:
    content = b"a score, many times over. " * 50
    with BlobStore(tmp_path) as store:
        store.put(git_blob_id(content), content)
    with sqlite3.connect(tmp_path / "blobs.sqlite") as db:
        packed = bytearray(db.execute("select zstd from blobs").fetchone()[0])
        packed[len(packed) // 2] ^= 0xFF
        db.execute("update blobs set zstd = ?", [bytes(packed)])
    with BlobStore(tmp_path) as store, pytest.raises(WarehouseError, match="published warehouse is untouched"):
        store.get(git_blob_id(content))


def test_what_was_flushed_survives_a_killed_writer(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import os, signal
        from pathlib import Path
        from leaderboard_etl.raw.blob_ids import git_blob_id
        from leaderboard_etl.raw.store import BlobStore
        store = BlobStore(Path({str(tmp_path)!r}))
        store.put(git_blob_id(b"kept"), b"kept")
        store.flush()
        store.put(git_blob_id(b"lost"), b"lost")
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    with BlobStore(tmp_path) as store:
        assert store.get(git_blob_id(b"kept")) == b"kept"
        assert git_blob_id(b"lost") not in store


def test_a_file_that_is_not_a_store_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "blobs.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(WarehouseError, match=r"blobs\.sqlite cannot be used"):
        BlobStore(tmp_path)


def test_many_threads_may_land_at_once(tmp_path: Path) -> None:
    contents = [f"file {n} ".encode() * 500 for n in range(400)]
    with BlobStore(tmp_path) as store, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda content: store.put(git_blob_id(content), content), contents))
        assert [store.get(git_blob_id(content)) for content in contents] == contents
