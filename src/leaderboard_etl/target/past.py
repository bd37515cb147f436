"""The state as of a day for queries: as much of it as they name, kept in the user's cache so that only the first one waits."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence, Set
from contextlib import closing, suppress
from datetime import date
from pathlib import Path

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.contracts.schema import tables, views, wide_views
from leaderboard_etl.errors import UsageError, first_line
from leaderboard_etl.settings import DATABASE_NAME, PACKAGE, Warehouse, resource
from leaderboard_etl.target.locked import lock
from leaderboard_etl.target.opening import made_by_this_code, open_history, open_published, refuse_future
from leaderboard_etl.termination import at_the_end
from leaderboard_etl.warehouse.database import end_of_day, link_tables
from leaderboard_etl.warehouse.needs import needed_by

# A state of a genuine warehouse has some 40 MB, and several queries of a day need several; the newest in use stay.
_MOST_KEPT = 16
_DAY_SECONDS = 86_400
# What a state is made for; history is read where it is. Of core all or nothing, because models and scores are judged together.
_MADE, _CORE = ("core.", "mart."), "core.models"
_OF_DAYS = re.compile(
    r"\b((?:history|core|mart)\.\w+?)_as_of\s*\(\s*(?:date\s*)?'?([^')]*)'?(?:\s*::\s*date)?\s*\)", re.IGNORECASE
)
_CALLS = re.compile(r"\b(?:history|core|mart)\.\w+?_as_of\s*\(", re.IGNORECASE)


def open_state(
    warehouse: Warehouse, as_of: date | None, query: str, *, is_locked: bool = True
) -> duckdb.DuckDBPyConnection:
    """The published state for a query or, with `as_of`, what open_past gives. A query that names days, as in
    core.scores_as_of('2025-01-31'), finds these tables too. Raises what open_published raises."""
    named = days_named(query)
    if named:
        con = _open_days(warehouse, as_of, query, named)
        return lock(con) if is_locked else con
    if as_of is None:
        return open_published(warehouse, is_locked=is_locked)
    return open_past(warehouse, as_of, query, is_locked=is_locked)


def open_past(warehouse: Warehouse, as_of: date, query: str, *, is_locked: bool = True) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the state at the end of a day, with all that a query needs.

    Where nothing changed after that day, the published file is that state: all of it but the marts, and these too if they are of
    the same day. What sources had stated by that day is read where it is. Else what the query names, and what that is made from,
    is made once and kept in the cache of the user, or made in memory where no file can be written. Raises what open_published
    raises.
    """
    refuse_future(as_of)
    needs = needed_by(query)
    if needs is not None and not any(name.startswith(_MADE) for name in needs):
        return open_history(warehouse, as_of, is_locked=is_locked)
    try:
        file = None if warehouse.lake is not None else _file_of(warehouse, as_of, needs)
    except (OSError, duckdb.IOException):  # in memory it may work, or says what is wrong
        file = None
    if file is None:
        return open_published(warehouse, as_of=as_of, needs=needs, is_locked=is_locked)
    con = engine.open_file(file)
    return lock(con) if is_locked else con


def days_named(query: str) -> dict[str, list[date]]:
    """The relations of which a query asks for the state of days, as in core.scores_as_of('2025-01-31'), with these days. Raises
    UsageError for a relation that does not exist, and for a day that is not written out."""
    there = {*tables(), *views()}
    if len(_CALLS.findall(query)) > len(_OF_DAYS.findall(query)):
        raise UsageError("NAME_as_of takes a day as it is written in '2025-01-31', not what a query computes")
    named: dict[str, set[date]] = {}
    for name, text in _OF_DAYS.findall(query):
        relation = name.lower()
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise UsageError(
                f"{name}_as_of takes a day as it is written in '2025-01-31', not what a query computes"
            ) from error
        if relation not in there:
            raise UsageError(f"{name}_as_of: there is no {name}; `leaderboard-etl tables` lists all")
        named.setdefault(relation, set()).add(day)
    return {relation: sorted(days) for relation, days in named.items()}


def _open_days(
    warehouse: Warehouse, as_of: date | None, query: str, named: Mapping[str, Sequence[date]]
) -> duckdb.DuckDBPyConnection:
    """The state for a query, and a macro NAME_as_of(day) for each relation of which it names days."""
    if warehouse.lake is not None:
        raise UsageError("NAME_as_of('DAY') reads files, and these tables are in a lake: ask with --as-of DAY")
    everything = needed_by(query)
    n_days = len({day for days in named.values() for day in days})
    if n_days >= _MOST_KEPT:
        raise UsageError(
            f"the query names {n_days} days, and the states of at most {_MOST_KEPT - 1} are kept at once: ask for fewer"
        )
    try:
        files: dict[date | None, Path] = {
            None: warehouse.database if as_of is None else _file_of(warehouse, as_of, everything)
        }
        for day in sorted({day for days in named.values() for day in days}):
            asked = " ".join(relation for relation, days in named.items() if day in days)
            files[day] = _file_of(warehouse, day, needed_by(asked))
    except (OSError, duckdb.IOException) as error:
        raise UsageError(
            f"NAME_as_of('DAY') keeps the state of the day in {cache_folder()}, which cannot be written ({first_line(error)}):"
            " set XDG_CACHE_HOME, or ask with --as-of DAY"
        ) from error
    open_published(warehouse).close()
    con = engine.in_memory()
    for asked_day, file in files.items():
        engine.attach(con, file, "published" if asked_day is None else _catalog(asked_day))
    with made_by_this_code(warehouse.database):
        link_tables(con, "published", everything)
        for relation, days in named.items():
            branches = [f"select * from {_catalog(day)}.{relation} where on_day = date '{day}'" for day in days]
            con.execute(f"create macro {relation}_as_of(on_day) as table {' union all '.join(branches)}")
    return con


def _catalog(day: date) -> str:
    return f"day_{day:%Y%m%d}"


def _file_of(warehouse: Warehouse, as_of: date, needs: Set[str] | None) -> Path:
    """The file with the state of a day, as far as it is needed: the published one, or one in the cache, made if it is not there.
    Raises OSError or duckdb.IOException where none can be written, and what open_published raises."""
    refuse_future(as_of)
    with closing(open_published(warehouse)) as con:
        if is_published(con, as_of, needs):
            return warehouse.database
    made = None if needs is None else tuple(sorted({_CORE, *(name for name in needs if name.startswith("mart."))}))
    kept = _kept_file(warehouse.database, as_of, made)
    if not kept.exists():
        _make(warehouse, as_of, made, kept)
    with suppress(OSError):
        os.utime(kept.parent)
    return kept


def cache_folder() -> Path:
    """Where states are kept: in XDG_CACHE_HOME, else ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "leaderboard-etl" / "as-of"


def is_published(con: duckdb.DuckDBPyConnection, as_of: date, needs: Set[str] | None = None) -> bool:
    """Whether the published state is that of the end of a day: all of it, or what `needs` names."""
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
    if needs is not None and not any(name.startswith("mart.") for name in needs):
        return True
    return con.execute("select max(as_of_on) from mart.paper_claims").fetchall() == [(as_of,)]


def _kept_file(database: Path, as_of: date, made: Sequence[str] | None) -> Path:
    """Where the state of a day of this published file, by this code, is kept."""
    facts = database.stat()
    said = (database.resolve(), facts.st_ino, facts.st_size, facts.st_mtime_ns, as_of, made, *_code())
    key = hashlib.sha256("\0".join(map(str, said)).encode()).hexdigest()[:32]
    return cache_folder() / key / DATABASE_NAME


def _code() -> list[tuple[str, int, int]]:
    """The files of the code by name, size and time of change: to hash them all would take longer than a query."""
    facts = (
        (path, path.stat()) for folder in (PACKAGE, resource("sql")) for path in folder.rglob("*.*") if path.is_file()
    )
    return sorted((str(path), of_file.st_size, of_file.st_mtime_ns) for path, of_file in facts if path.suffix != ".pyc")


def _make(warehouse: Warehouse, as_of: date, made: Sequence[str] | None, kept: Path) -> None:
    """Makes a state beside its place and moves it there, and removes the states that were not used for longest."""
    folder = kept.parent.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = Path(tempfile.mkdtemp(prefix=".", dir=folder))
    with at_the_end(lambda: shutil.rmtree(scratch, ignore_errors=True)):
        try:
            needs = None if made is None else frozenset(made) | wide_views().keys()
            engine.finish(open_published(warehouse, as_of=as_of, into=scratch / DATABASE_NAME, needs=needs))
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
