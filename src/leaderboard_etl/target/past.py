"""The state as of a day for queries: as much of it as they name, kept in the user's cache so that only the first one waits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date
from pathlib import Path

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.schema import kept_views, tables, views
from leaderboard_etl.errors import UsageError, first_line
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.cache import cache_folder, kept_file, place_of, said_of
from leaderboard_etl.target.locked import lock
from leaderboard_etl.target.opening import (
    attach_published,
    expect_load_until,
    made_by_this_code,
    open_history,
    open_published,
    refuse_future,
)
from leaderboard_etl.warehouse.carried import OF_THE_LAST_RUN, until_queries
from leaderboard_etl.warehouse.database import create_views, end_of_day, link_queries, link_tables
from leaderboard_etl.warehouse.needs import needed_by, shown_by
from leaderboard_etl.warehouse.past import judge_past, make_marts, past_core, touched_models

_MOST_DAYS = 15
# What is made for a past day; history is read where it is. Of core all or nothing: models and scores are judged together.
_MADE = ("core.", "mart.")
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
    the same day. What sources had stated by that day is read where it is. Of core only what later loads changed is made, and of
    the marts what the query names; both are made once and kept in the cache of the user, or made in memory where no file can be
    written. Raises what open_published raises.
    """
    refuse_future(as_of)
    needs = needed_by(query)
    if needs is not None and not any(name.startswith((*_MADE, *OF_THE_LAST_RUN)) for name in needs):
        return open_history(warehouse, as_of, is_locked=is_locked)
    if warehouse.lake is not None:
        return open_published(warehouse, as_of=as_of, needs=needs, is_locked=is_locked)
    con = open_published(warehouse, is_locked=False)
    if not is_published(con, as_of, needs):
        con.close()
        con = _whole(warehouse, as_of) if needs is None else _parts(warehouse, as_of, query)
    return lock(con) if is_locked else con


def why_empty(con: duckdb.DuckDBPyConnection, as_of: date | None, query: str) -> str | None:
    """Why tables that a query of a past day names are empty: a run says of itself only what is so now. Null: none is."""
    if as_of is None:
        return None
    named = [name for name in OF_THE_LAST_RUN if re.search(rf"\b{re.escape(name)}\b", query, re.IGNORECASE)]
    empty = [name for name in named if con.execute(f"from {name} limit 1").fetchall() == []]
    if not empty:
        return None
    last = con.execute(
        "select max_by((load_id, code_version), load_id) from ops.loads where status <> 'failed'"
    ).fetchall()
    load = (
        f"; of load {last[0][0][0]}, the last one then, ops.loads has its code ({last[0][0][1]})" if last[0][0] else ""
    )
    return (
        f"empty as of {as_of}: {', '.join(empty)}, because what a run says of its file and of its checks is kept of the last run"
        f" alone (ask without --as-of){load}"
    )


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


def _whole(warehouse: Warehouse, as_of: date) -> duckdb.DuckDBPyConnection:
    """All of the state of a day."""
    try:
        return engine.open_file(_whole_file(warehouse, as_of))
    except (OSError, duckdb.IOException):  # in memory it may work, or says what is wrong
        return open_published(warehouse, as_of=as_of, is_locked=False)


def _whole_file(warehouse: Warehouse, as_of: date) -> Path:
    """The file with all of the state of a day, made if it is not there. Raises OSError or duckdb.IOException where it cannot."""
    return kept_file(
        place_of(*said_of(warehouse.database), as_of, "all"),
        lambda path: engine.finish(open_published(warehouse, as_of=as_of, into=path)),
    )


def _parts(warehouse: Warehouse, as_of: date, query: str) -> duckdb.DuckDBPyConnection:
    """What a query reads of the state of a day."""
    con, state = _attached(warehouse)
    with made_by_this_code(warehouse.database):
        _link_day(con, warehouse, state, as_of, query)
    return con


def _open_days(
    warehouse: Warehouse, as_of: date | None, query: str, named: Mapping[str, Sequence[date]]
) -> duckdb.DuckDBPyConnection:
    """The state for a query, and a macro NAME_as_of(day) for each relation of which it names days."""
    if warehouse.lake is not None:
        raise UsageError("NAME_as_of('DAY') reads files, and these tables are in a lake: ask with --as-of DAY")
    days = sorted({day for days in named.values() for day in days})
    if len(days) > _MOST_DAYS:
        raise UsageError(f"the query names {len(days)} days, and can compare at most {_MOST_DAYS}: ask for fewer")
    con, state = _attached(warehouse)
    with made_by_this_code(warehouse.database):
        if as_of is None:
            link_tables(con, "published", needed_by(query))
        else:
            _link_day(con, warehouse, state, as_of, query)
        for day in days:
            engine.attach_to_write(con, None, f"day_{day:%Y%m%d}")
            asked = " ".join(relation for relation, of_days in named.items() if day in of_days)
            with engine.within(con, f"day_{day:%Y%m%d}"):
                _link_day(con, warehouse, state, day, asked)
        for relation, of_days in named.items():
            branches = [f"select * from day_{day:%Y%m%d}.{relation} where on_day = date '{day}'" for day in of_days]
            con.execute(f"create macro {relation}_as_of(on_day) as table {' union all '.join(branches)}")
    return con


def _attached(warehouse: Warehouse) -> tuple[duckdb.DuckDBPyConnection, tuple[object, ...]]:
    """A connection that reads the published file, and what tells this file from every other: a run may replace it at any time."""
    while True:
        state = said_of(warehouse.database) if warehouse.database.exists() else ()
        con = attach_published(warehouse)
        if state and said_of(warehouse.database) == state:
            return con, state
        con.close()


def _link_day(
    con: duckdb.DuckDBPyConnection, warehouse: Warehouse, state: tuple[object, ...], as_of: date, query: str
) -> None:
    """Puts views into the current database that show what a query reads at the end of a day. The published file is attached;
    `state` is what tells it from every other."""
    refuse_future(as_of)
    expect_load_until(con, as_of)
    needs, shown = needed_by(query), shown_by(query)
    with engine.within(con, "published"):
        is_current = is_published(con, as_of, needs)
    if is_current:
        link_tables(con, "published", needs)
        return
    if needs is None:
        whole = _new_name(con)
        try:
            engine.attach(con, _whole_file(warehouse, as_of), whole)
        except (OSError, duckdb.IOException) as error:
            raise UsageError(
                f"the state of {as_of} is kept in {cache_folder()}, which cannot be written ({first_line(error)}):"
                " set XDG_CACHE_HOME, or ask with --as-of DAY"
            ) from error
        link_tables(con, whole)
        return
    at = end_of_day(as_of)
    queries = until_queries("published", at)
    core = {name: f"from published.{name}" for name in tables() if name.startswith("core.")}
    touched: list[str] | None = []
    with engine.within(con, "published"):
        is_core_published = is_published(con, as_of, frozenset())
    if not is_core_published and any(name.startswith(_MADE) for name in needs):
        judged = _made(
            con, state, as_of, "core", lambda: judge_past(con, "published", at, is_same_code=_is_same_code(con))
        )
        core, touched = past_core(con, "published", judged), touched_models(con, "published", judged)
    kept = sorted(shown & kept_views().keys())
    marts = sorted({*kept, *(name for name in shown if name.startswith("mart.") and name in tables())})
    if marts:
        made = _made(
            con,
            state,
            as_of,
            " ".join(marts),
            lambda: make_marts(con, "published", as_of, core, marts, is_same_code=_is_same_code(con), touched=touched),
        )
    link_queries(con, queries | core | {name: f"from {made}.{name}" for name in marts if name not in kept})
    for name in kept:
        con.execute(f"create view {name} as from {made}.{name}")
    create_views(con, there=kept, needs=shown)


def _made(
    con: duckdb.DuckDBPyConnection,
    state: tuple[object, ...],
    as_of: date,
    what: str,
    make: Callable[[], None],
) -> str:
    """Attaches the database with `what` of a day, out of the cache. Where it is not there, `make` fills it: a file, or memory
    where no file can be written. Returns its name."""
    name = _new_name(con)

    def make_file(path: Path) -> None:
        engine.attach_to_write(con, path, name)
        try:
            with engine.within(con, name):
                make()
            engine.finish_attached(con, name)
        except BaseException:
            con.execute(f"detach database if exists {name}")
            raise

    try:
        engine.attach(con, kept_file(place_of(*state, as_of, what), make_file), name)
    except (OSError, duckdb.IOException):
        engine.attach_to_write(con, None, name)
        with engine.within(con, name):
            make()
    return name


def _new_name(con: duckdb.DuckDBPyConnection) -> str:
    """A name that no attached database has."""
    [(n_there,)] = con.execute("select count(*) from duckdb_databases()").fetchall()
    return f"made_{n_there}"


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


def _is_same_code(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether this version of the code made the attached published file."""
    return con.execute("select code_version from published.ops.build").fetchall() == [(code_version(),)]
