"""The state as of a day for queries: as much of it as they name, kept in the user's cache so that only the first one waits."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from contextlib import closing, suppress
from datetime import date
from pathlib import Path

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.settings import DATABASE_NAME, PACKAGE, Warehouse, resource
from leaderboard_etl.target.locked import lock
from leaderboard_etl.target.opening import Depth, open_published, refuse_future
from leaderboard_etl.termination import at_the_end
from leaderboard_etl.warehouse.database import end_of_day

# A state of a genuine warehouse has some 40 MB; the newest in use stay.
_MOST_KEPT = 8
_DAY_SECONDS = 86_400


def open_state(
    warehouse: Warehouse, as_of: date | None, query: str, *, is_locked: bool = True
) -> duckdb.DuckDBPyConnection:
    """The published state for a query or, with `as_of`, what open_past gives. Raises what open_published raises."""
    if as_of is None:
        return open_published(warehouse, is_locked=is_locked)
    return open_past(warehouse, as_of, query, is_locked=is_locked)


def open_past(warehouse: Warehouse, as_of: date, query: str, *, is_locked: bool = True) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the state at the end of a day, deep enough for a query.

    Where nothing changed after that day, the published file is that state: all of it but the marts, and these too if they are of
    the same day. Else the state is made once and kept in the cache of the user, or made in memory where no file can be written.
    Raises what open_published raises.
    """
    refuse_future(as_of)
    depth = depth_of(query)
    with closing(open_published(warehouse)) as con:
        is_published = _is_published(con, as_of, depth)
    if is_published:
        return open_published(warehouse, is_locked=is_locked)
    if warehouse.lake is not None:
        return open_published(warehouse, as_of=as_of, depth=depth, is_locked=is_locked)
    kept = _kept_file(warehouse.database, as_of, depth)
    if not kept.exists():
        try:
            _make(warehouse, as_of, depth, kept)
        except (OSError, duckdb.IOException, WarehouseError):  # in memory it may work, or says what is wrong
            return open_published(warehouse, as_of=as_of, depth=depth, is_locked=is_locked)
    with suppress(OSError):
        os.utime(kept.parent)
    con = engine.open_file(kept)
    return lock(con) if is_locked else con


def depth_of(query: str) -> Depth:
    """How much of the state a query may read, by the schemas that its text names."""
    if re.search(r"\bmart\b", query, re.IGNORECASE):
        return "mart"
    return "core" if re.search(r"\bcore\b", query, re.IGNORECASE) else "history"


def cache_folder() -> Path:
    """Where states are kept: in XDG_CACHE_HOME, else ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "leaderboard-etl" / "as-of"


def _is_published(con: duckdb.DuckDBPyConnection, as_of: date, depth: Depth) -> bool:
    """Whether the published state is, so deep, that of the end of a day."""
    [(n_later, n_until)] = con.execute(
        """
        select count(*) filter (where as_of_at > $at), count(*) filter (where as_of_at <= $at)
        from ops.loads
        where status in ('published', 'degraded')
        """,
        {"at": end_of_day(as_of)},
    ).fetchall()
    if n_later or not n_until:
        return False
    return depth != "mart" or con.execute("select max(as_of_on) from mart.paper_claims").fetchall() == [(as_of,)]


def _kept_file(database: Path, as_of: date, depth: Depth) -> Path:
    """Where the state of a day of this published file, by this code, is kept."""
    facts = database.stat()
    said = (database.resolve(), facts.st_ino, facts.st_size, facts.st_mtime_ns, as_of, depth, *_code())
    key = hashlib.sha256("\0".join(map(str, said)).encode()).hexdigest()[:32]
    return cache_folder() / key / DATABASE_NAME


def _code() -> list[tuple[str, int, int]]:
    """The files of the code by name, size and time of change: to hash them all would take longer than a query."""
    facts = (
        (path, path.stat()) for folder in (PACKAGE, resource("sql")) for path in folder.rglob("*.*") if path.is_file()
    )
    return sorted((str(path), of_file.st_size, of_file.st_mtime_ns) for path, of_file in facts if path.suffix != ".pyc")


def _make(warehouse: Warehouse, as_of: date, depth: Depth, kept: Path) -> None:
    """Makes a state beside its place and moves it there, and removes the states that were not used for longest."""
    folder = kept.parent.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = Path(tempfile.mkdtemp(prefix=".", dir=folder))
    with at_the_end(lambda: shutil.rmtree(scratch, ignore_errors=True)):
        try:
            open_published(warehouse, as_of=as_of, into=scratch / DATABASE_NAME, depth=depth).close()
            with suppress(OSError):  # another process made the same
                scratch.rename(kept.parent)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    with suppress(OSError):
        states = sorted(folder.glob("[!.]*"), key=lambda path: path.stat().st_mtime)
        # A process that was killed leaves a hidden one.
        left_over = [path for path in folder.glob(".*") if time.time() - path.stat().st_mtime > _DAY_SECONDS]
        for old in (*states[:-_MOST_KEPT], *left_over):
            shutil.rmtree(old, ignore_errors=True)
