"""How much memory a build holds: DuckDB's share, and that of Python and Polars."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from leaderboard_etl.errors import UsageError

if TYPE_CHECKING:
    import duckdb

_UNITS = {
    unit: base**power
    for power, letter in enumerate("kmgt", 1)
    for unit, base in ((letter, 1000), (f"{letter}b", 1000), (f"{letter}ib", 1024))
}
# What a build holds beside DuckDB: Python and its libraries, two batches of files as bytes, lists and frames, some as frames
# alone, and the frames from which core is made. Measured by bench/size.py at 5,000 to 60,000 result files.
_BESIDE_BYTES = 750_000_000
# The least that DuckDB needs for each thread: https://duckdb.org/docs/stable/guides/performance/environment
_LEAST_PER_THREAD_BYTES = 125_000_000
# What DuckDB keeps of its limit while frames need the rest.
_OF_LIMIT = 4
# DuckDB's default limit is four fifths of what the machine or its cgroup allows; a build takes half of that itself.
_OF_DEFAULT = 0.5 / 0.8


def memory_bytes(text: str) -> int:
    """'1GB', '500MB' or '2 GiB' as bytes. Raises UsageError for anything else."""
    amount = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]i?b?)", text.strip().lower())
    if amount is None or float(amount[1]) == 0:
        raise UsageError(f"{text!r} is not an amount of memory: give a number with its unit, as in 1GB or 500MB")
    return int(float(amount[1]) * _UNITS[amount[2]])


def give_back_early() -> None:
    """Has Polars give memory that it no longer needs back to the system at once, not within ten seconds, and share what it keeps
    between two arenas, not four for each processor. It reads this when it is imported; what the environment says already stays.
    """
    os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:2,dirty_decay_ms:0,muzzy_decay_ms:0")


def limit_memory(con: duckdb.DuckDBPyConnection, most_bytes: int | None) -> None:
    """Gives DuckDB what the rest of a build leaves of `most_bytes`; null: of half of what the machine or its cgroup allows. It
    writes what does not fit into a folder beside its file. Nothing bounds the rest, which many scores make larger."""
    threads, default = con.execute("select current_setting('threads'), current_setting('memory_limit')").fetchall()[0]
    if most_bytes is None:
        most_bytes = int(memory_bytes(default) * _OF_DEFAULT)
    limit_bytes = max(most_bytes - _BESIDE_BYTES, _LEAST_PER_THREAD_BYTES)
    con.execute(f"set memory_limit = '{limit_bytes}B'")
    con.execute(f"set threads = {max(1, min(threads, limit_bytes // _LEAST_PER_THREAD_BYTES))}")


def has_room_for_a_process(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether what DuckDB may hold is far more than a second process with a few frames needs."""
    [(limit,)] = con.execute("select current_setting('memory_limit')").fetchall()
    return memory_bytes(limit) >= _BESIDE_BYTES


def release_memory(con: duckdb.DuckDBPyConnection) -> None:
    """Lets DuckDB write out most of what it holds, before a step that needs the memory for frames, and Arrow and the C library
    give back what was freed. Where the limit is large, DuckDB holds less than that and nothing is written."""
    import duckdb

    # Of its own connection: an error would end the transaction that is open in the other.
    with con.cursor() as cursor:
        [(limit,)] = cursor.execute("select current_setting('memory_limit')").fetchall()
        with suppress(duckdb.OutOfMemoryException):
            cursor.execute(f"set memory_limit = '{memory_bytes(limit) // _OF_LIMIT}B'")
        cursor.execute(f"set memory_limit = '{limit}'")
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
