"""Whether the disk has room for a new file, asked before it is built."""

from __future__ import annotations

import shutil

from leaderboard_etl.engine import MOST_LOG_BYTES
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.settings import Warehouse

# Measured, with docs/operations.md: a file without rows, a file beside the raw store that it is made from, and the log of a file
# under construction, which holds its rows uncompressed until the checkpoint.
_EMPTY_BYTES = 10_000_000
_FILE_SHARE = 2.5
_LOG_SHARE = 7


def needed_bytes(warehouse: Warehouse) -> int:
    """The approximate peak that building a file takes: the file, as large as the published one or, before the first, as raw
    suggests, and its log."""
    store = warehouse.raw / "blobs.sqlite"
    if warehouse.database.exists():
        file_bytes = warehouse.database.stat().st_size
    else:
        file_bytes = _EMPTY_BYTES + round(_FILE_SHARE * (store.stat().st_size if store.exists() else 0))
    log_bytes = _LOG_SHARE * max(file_bytes - _EMPTY_BYTES, 0)
    return max(file_bytes, _EMPTY_BYTES) + min(log_bytes, MOST_LOG_BYTES) + _EMPTY_BYTES


def expect_space(warehouse: Warehouse) -> None:
    """Raises WarehouseError if the disk has less free space than building a file needs."""
    needed, free = needed_bytes(warehouse), shutil.disk_usage(warehouse.root).free
    if free < needed:
        raise WarehouseError(
            f"building needs about {needed / 1e6:,.0f} MB free beside {warehouse.database}, {free / 1e6:,.1f} MB are: nothing"
            " was published; free space and run again, it goes on from there"
        )
