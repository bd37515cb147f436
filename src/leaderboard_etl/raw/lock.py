"""Allows one run at a time in a warehouse. The lock ends with its process, however the process ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.filesystem import expect_local


@contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Locks the warehouse for this run. Raises WarehouseError at once if another run has the lock, or if the folder
    is where locks may not work."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        expect_local(path.parent)
        lock = FileLock(path)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise WarehouseError(
            f"another run holds {path}: wait until it ends, or look for a leaderboard-etl process"
        ) from error
    except OSError as error:
        raise WarehouseError(
            f"{path.parent} cannot be written ({os.strerror(error.errno or 0)}): check its rights"
        ) from error
    try:
        yield
    finally:
        lock.release()
