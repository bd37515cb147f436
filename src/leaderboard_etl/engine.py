"""DuckDB itself: making, opening and removing a database, and what DuckDB has besides the SQL that any engine reads. No other
module of the project connects to a database."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from leaderboard_etl.memory import limit_memory

# At this size of its log a file under construction is checkpointed before its end.
MOST_LOG_BYTES = 256_000_000
# The engine's number of a row, valid while nothing is deleted from the table.
ROW_ID = "rowid"
# Older clients, from DuckDB 1.5 on, can read what this storage version holds.
_STORAGE: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.5.0"}


def create(path: Path, *, most_memory_bytes: int | None = None) -> duckdb.DuckDBPyConnection:
    """A new empty file, open for writing. What a killed run left at `path` is removed first.

    `most_memory_bytes` is what the whole process should hold (see memory.limit_memory); null: half of what the machine or its
    cgroup allows.
    """
    remove(path)
    con = _without_bar(duckdb.connect(str(path), config=_STORAGE))
    # One checkpoint at the end writes each block once: the file stays as compact as one built fresh. What does not fit into
    # memory until then is written earlier, compressed; uncompressed rows would take ten times the space.
    con.execute(f"set checkpoint_threshold = '{MOST_LOG_BYTES // 1_000_000}MB'")
    con.execute("set preserve_insertion_order = true")
    limit_memory(con, most_memory_bytes)
    return con


def open_file(path: Path) -> duckdb.DuckDBPyConnection:
    """A file, read-only. Raises duckdb.Error where it cannot be opened."""
    return _without_bar(duckdb.connect(str(path), read_only=True))


def in_memory() -> duckdb.DuckDBPyConnection:
    """A new empty database that no file holds."""
    return _without_bar(duckdb.connect(":memory:"))


def attach(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Lets `con` read another file under a name. Raises duckdb.Error if it cannot be opened."""
    escaped = str(path).replace("'", "''")
    con.execute(f"attach '{escaped}' as {name} (read_only)")


def log_of(path: Path) -> Path:
    """Where DuckDB keeps what a writer has not checkpointed; a finished file has no such log."""
    return path.with_name(path.name + ".wal")


def files_of(path: Path) -> list[Path]:
    """A file and all that DuckDB keeps beside it while it is written, as far as they are there."""
    return [each for each in (path, log_of(path), path.with_name(path.name + ".tmp")) if each.exists()]


def remove(path: Path) -> None:
    """Removes a file with all that DuckDB keeps beside it."""
    for each in files_of(path):
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink(missing_ok=True)


def _without_bar(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """DuckDB would draw a bar for a statement of two seconds in the middle of the output, also into a pipe."""
    con.execute("set enable_progress_bar = false")
    return con
