"""Checks before a build that the disk has room for a new file."""

from __future__ import annotations

import shutil

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.seal import MOST_GROWN

# Measured (see docs/operations.md): the size of a file without rows, and a file's size relative to its raw store.
_EMPTY_BYTES = 10_000_000
_FILE_SHARE = 2.5


def needed_bytes(warehouse: Warehouse) -> int:
    """The approximate peak disk space of a build: the new file, with the room of what it no longer holds, and the file that is
    written without that room. Both are taken to be as large as the published one; if there is none, the file is estimated from
    the raw store."""
    store = warehouse.raw / "blobs.sqlite"
    if warehouse.database.exists():
        file_bytes = round((MOST_GROWN + 1) * warehouse.database.stat().st_size)
    else:
        file_bytes = _EMPTY_BYTES + round(_FILE_SHARE * (store.stat().st_size if store.exists() else 0))
    return file_bytes + _EMPTY_BYTES


def expect_space(warehouse: Warehouse) -> None:
    """Raises WarehouseError if the disk has less free space than a build needs."""
    needed, free = needed_bytes(warehouse), shutil.disk_usage(warehouse.root).free
    if free < needed:
        raise WarehouseError(
            f"building needs about {needed / 1e6:,.0f} MB of free space beside {warehouse.database},"
            f" {free / 1e6:,.1f} MB are free: nothing was published; free space and run again, it continues from there"
        )
