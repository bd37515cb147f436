"""Examines the warehouse's folder: files that should not be there, and permissions of those that should."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from leaderboard_etl import engine
from leaderboard_etl.doctor.faults import Fault
from leaderboard_etl.settings import Warehouse

_REMOVE = "removes it"
_PRIVATE = 0o077


def leftovers(warehouse: Warehouse) -> list[Path]:
    """Files that exist only during a run; outside a run a killed one left them."""
    return [*engine.files_of(warehouse.staging), *engine.files_of(warehouse.believed)]


def dead_runs(warehouse: Warehouse) -> list[Path]:
    """Markers of runs whose process is gone; Prefect still shows these runs as running."""
    return [path for path in sorted((warehouse.prefect / "live").glob("run-*")) if _is_free(path)]


def too_open(warehouse: Warehouse) -> list[tuple[Path, int]]:
    """(path, correct mode) of files that other users can write, or can read although they are private."""
    wrong_modes = []
    if warehouse.database.exists() and stat.S_IMODE(warehouse.database.stat().st_mode) & 0o222:
        wrong_modes.append((warehouse.database, 0o444))
    if warehouse.prefect.is_dir() and stat.S_IMODE(warehouse.prefect.stat().st_mode) & _PRIVATE:
        wrong_modes.append((warehouse.prefect, 0o700))
    for path in (warehouse.raw / "ledger.jsonl", warehouse.raw / "blobs.sqlite"):
        if path.exists() and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o022:
            wrong_modes.append((path, mode & ~0o022))
    return wrong_modes


def examine_folder(warehouse: Warehouse) -> Iterator[Fault]:
    """Yields faults for leftovers and permissions. The files of a run in progress are not reported."""
    for path in (warehouse.root, warehouse.raw, warehouse.raw / "ledger.jsonl", warehouse.raw / "blobs.sqlite"):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)):
            yield Fault(
                "folder",
                f"{path} cannot be read and written by this user",
                "no run can work here",
                "its owner: give this user the rights, or run as the owner",
            )
    if (log := engine.log_of(warehouse.database)).exists():
        yield Fault(
            "folder",
            f"{log} is beside the published file: something wrote to that file, or was killed while writing",
            repair="puts it aside; what it holds was never part of the warehouse",
        )
    if is_running(warehouse):
        return
    for path in leftovers(warehouse):
        yield Fault("folder", f"{path} was left by a run that was killed", repair=_REMOVE)
    for path in dead_runs(warehouse):
        yield Fault("folder", f"{path} is of a run that was killed: Prefect still shows it as running", repair=None)
    for path, mode in too_open(warehouse):
        now = stat.S_IMODE(path.stat().st_mode)
        yield Fault("folder", f"{path} has the mode {now:04o}, not {mode:04o}", repair=f"sets {mode:04o}")


def is_running(warehouse: Warehouse) -> bool:
    """Whether a run holds the warehouse's lock."""
    return warehouse.lock.exists() and not _is_free(warehouse.lock)


def _is_free(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            return True
    except (Timeout, OSError):
        return False
