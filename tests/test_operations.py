"""Backups in the documented order, also during a night, and where a warehouse may lie."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from worlds import World, content, v2_row

from leaderboard_etl import durable, pipeline
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw import filesystem
from leaderboard_etl.raw.ledger import Ledger
from leaderboard_etl.settings import Warehouse

MOUNTS = (
    "proc /proc proc rw 0 0\n"
    "/dev/vda / ext4 rw 0 0\n"
    "server:/share /mnt/share nfs4 rw 0 0\n"
    "//server/share /mnt/with\\040blank cifs rw 0 0\n"
    "me@server: /mnt/me fuse.sshfs rw 0 0\n"
    "/dev/vdb /mnt/share/local xfs rw 0 0\n"
    "ceph-fuse /mnt/cluster fuse.ceph-fuse rw 0 0\n"
    "beegfs_nodev /mnt/parallel beegfs rw 0 0\n"
)


def back_up(warehouse: Warehouse, folder: Path) -> None:
    """Makes a backup as docs/operations.md says: first the ledger, then the store with SQLite's own backup."""
    (folder / "raw").mkdir(parents=True)
    shutil.copy(warehouse.raw / "ledger.jsonl", folder / "raw")
    with sqlite3.connect(warehouse.raw / "blobs.sqlite") as store, sqlite3.connect(folder / "raw/blobs.sqlite") as copy:
        store.backup(copy)


# The marts are made from core; a copy of raw has no part in how.
MARTS = ("mart.", "ops.analysis_inputs")


@pytest.mark.marts(False)
def test_a_backup_taken_at_any_step_of_a_night_is_a_warehouse(
    published: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = content(published.warehouse.database, without=("ops.build", *MARTS))
    taken: list[Path] = []

    def watch(step: str) -> None:
        taken.append(tmp_path / f"backup-{len(taken)}")
        back_up(published.warehouse, taken[-1])

    published.put_v2(*[v2_row(f"org/model-{n}b", 0.5) for n in range(1, 31)])
    monkeypatch.setattr(durable, "watcher", watch)
    published.night(2)
    monkeypatch.setattr(durable, "watcher", None)
    second = content(published.warehouse.database, without=("ops.build", *MARTS))
    assert first != second and len(taken) >= 4
    restored = set()
    for n_loads, folder in {len(Ledger(folder / "raw").loads): folder for folder in taken}.items():
        pipeline.rebuild(Warehouse(folder))
        assert content(Warehouse(folder).database, without=("ops.build", *MARTS)) == (first if n_loads == 1 else second)
        restored.add(n_loads)
    assert restored == {1, 2}


@pytest.mark.marts(False)
def test_a_restored_warehouse_continues_with_the_next_night(published: World, tmp_path: Path) -> None:
    back_up(published.warehouse, tmp_path / "moved")
    moved = World(published.root, published.hub, Warehouse(tmp_path / "moved"), published.options, published.endpoint)
    moved.put_v2(*[v2_row(f"org/model-{n}b", 0.5) for n in range(1, 31)])
    assert moved.night(2).status == published.night(2).status == "published"
    assert content(moved.warehouse.database, without=MARTS) == content(published.warehouse.database, without=MARTS)


@pytest.mark.parametrize(
    ("path", "kind", "is_refused"),
    [
        ("/srv/warehouse", "ext4", False),
        ("/mnt/share/warehouse", "nfs4", True),
        ("/mnt/share/local/warehouse", "xfs", False),
        ("/mnt/with blank/warehouse", "cifs", True),
        ("/mnt/me/warehouse", "fuse.sshfs", True),
        ("/mnt/cluster/warehouse", "fuse.ceph-fuse", True),
        ("/mnt/parallel/warehouse", "beegfs", True),
    ],
)
def test_a_folder_on_a_network_filesystem_is_refused_unless_allowed(
    path: str, kind: str, is_refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert filesystem.filesystem_of(Path(path), MOUNTS) == kind
    (tmp_path / "mounts").write_text(MOUNTS)
    monkeypatch.setattr(filesystem, "_MOUNTS", tmp_path / "mounts")
    if not is_refused:
        filesystem.expect_local(Path(path))
        return
    with pytest.raises(WarehouseError, match=kind):
        filesystem.expect_local(Path(path))
    monkeypatch.setenv(filesystem.ALLOW, "1")
    filesystem.expect_local(Path(path))
