"""One run at a time in a warehouse; the lock ends with its process, however that ends."""

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
    """Holds the warehouse for this run. Raises WarehouseError at once if another run has it, or if the folder lies where locks
    are not sure to hold."""
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
