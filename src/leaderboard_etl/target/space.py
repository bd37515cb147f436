"""Whether the disk has room for a new file, asked before it is built."""

from __future__ import annotations

import shutil

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.settings import Warehouse

# A file under construction holds its log beside it until the checkpoint: measured at half its size for small warehouses.
NEEDED_SHARE = 2
LEAST_BYTES = 20_000_000


def expect_space(warehouse: Warehouse) -> None:
    """Raises WarehouseError where a file of the published one's size, or for a first one of the raw store's, cannot be built
    beside it."""
    like = warehouse.database if warehouse.database.exists() else warehouse.raw / "blobs.sqlite"
    needed_bytes = max(NEEDED_SHARE * like.stat().st_size if like.exists() else 0, LEAST_BYTES)
    free_bytes = shutil.disk_usage(warehouse.root).free
    if free_bytes < needed_bytes:
        raise WarehouseError(
            f"building needs about {needed_bytes / 1e6:,.0f} MB free beside {warehouse.database},"
            f" {free_bytes / 1e6:,.1f} MB are: nothing was published; free space and run again, it goes on from there"
        )
