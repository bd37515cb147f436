"""Opens the published state for reading: the current state, or in memory the state as of a day."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Set
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.contracts.migrations import refuse_newer
from leaderboard_etl.errors import UsageError, WarehouseError, first_line
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target import Target, target_of
from leaderboard_etl.target.locked import lock
from leaderboard_etl.warehouse.carried import copy_until, until_queries
from leaderboard_etl.warehouse.database import (
    create_macros,
    create_tables,
    create_views,
    end_of_day,
    link_queries,
    link_tables,
)


def open_published(
    warehouse: Warehouse,
    *,
    as_of: date | None = None,
    into: Path | None = None,
    is_locked: bool = True,
    is_recomputed: bool = False,
    needs: Set[str] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Returns a read-only connection to the published state. Readers never block a run, because a run replaces the
    file.

    With `as_of` it is an in-memory database in which core and the views show the end of that day (UTC), and raw,
    history and ops end there; results made from the same rows as the published ones are taken from there, but with
    `is_recomputed` all are computed. Of core, marts and views it has those among `needs`, null: all (needs.needed_by).
    With `into` it is a new file at that path, open for writing. All connections except one with `into` are locked (see
    target.locked) unless `is_locked` is false. Raises WarehouseError if nothing is published, UsageError for a date before the
    first load or in the future.
    """
    if as_of is None:
        target = _there(warehouse)
        try:
            con = target.read()
            refuse_newer_state(con, target)
        except duckdb.Error as error:
            raise _unopened(target, error) from error
        return lock(con) if is_locked else con
    refuse_future(as_of)
    target = _there(warehouse)
    # Where there is no room for this file, the published one is sound.
    con = engine.in_memory() if into is None else engine.create(into)
    create_tables(con, is_described=needs is None)
    attach_published(warehouse, con)
    with made_by_this_code(target):
        _rebuild_as_of(con, as_of, is_recomputed, needs)
    return lock(con) if is_locked and into is None else con


def attach_published(warehouse: Warehouse, con: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyConnection:
    """Lets a connection, null: a new one in memory, read the published state as the database `published`. It stays the same state
    while a run publishes the next. Raises what open_published raises."""
    target = _there(warehouse)
    con = engine.in_memory() if con is None else con
    try:
        target.attach_to(con, "published")
        with engine.within(con, "published"):
            refuse_newer_state(con, target)
    except duckdb.Error as error:
        raise _unopened(target, error) from error
    return con


def _there(warehouse: Warehouse) -> Target:
    """Where the published state is. Raises WarehouseError if nothing is, or if something else wrote to it."""
    target = target_of(warehouse)
    if not target.is_there():
        raise WarehouseError(
            f"{target} does not exist: no run has published here yet;"
            f" start with `leaderboard-etl run -w {shlex.quote(str(warehouse.root))}`{_sample_beside(warehouse)}"
        )
    if (log := target.log_left()) is not None:
        raise WarehouseError(
            f"{log.name} is beside {target}: something else wrote to the published file, or was killed while it did;"
            " `leaderboard-etl run` puts it aside and makes the file again from raw; so does `leaderboard-etl run --offline`,"
            " without the Hub"
        )
    return target


def _unopened(target: Target, error: duckdb.Error) -> WarehouseError:
    return WarehouseError(f"{target} cannot be opened ({first_line(error)}): run again, or restore it")


def open_linked(warehouse: Warehouse) -> duckdb.DuckDBPyConnection:
    """The rows of the published tables under the views and macros of this code, whatever those in the file say. Raises what
    open_published raises."""
    con = attach_published(warehouse)
    with made_by_this_code(target_of(warehouse)):
        link_tables(con, "published")
    return lock(con)


def open_history(warehouse: Warehouse, as_of: date, *, is_locked: bool = True) -> duckdb.DuckDBPyConnection:
    """raw, history and ops at the end of a day, read from the published tables where they are; core and mart are empty. Raises
    what open_published raises."""
    refuse_future(as_of)
    con = attach_published(warehouse)
    with made_by_this_code(target_of(warehouse)):
        expect_load_until(con, as_of)
        link_queries(con, until_queries("published", end_of_day(as_of)))
        create_macros(con)
    return lock(con) if is_locked else con


def _sample_beside(warehouse: Warehouse) -> str:
    """A hint where only the sample was ever loaded, as `make run` does."""
    sample = Warehouse(warehouse.root / "sample")
    return f", or use the sample: -w {shlex.quote(str(sample.root))}" if sample.database.exists() else ""


def refuse_future(as_of: date) -> None:
    """Raises UsageError for a day that is still to come."""
    if as_of > datetime.now(UTC).date():
        raise UsageError(f"as of {as_of}: that day is still to come; leave --as-of out for the present state")


@contextmanager
def made_by_this_code(name: object) -> Iterator[None]:
    """Within the block a table or column that is absent is a WarehouseError: older code made the published state."""
    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise WarehouseError(
            f"{name} was made by other code than this ({first_line(error)}): the next run makes it again, and so does"
            " `leaderboard-etl run --offline`"
        ) from error


def refuse_newer_state(con: duckdb.DuckDBPyConnection, name: object) -> None:
    """Raises WarehouseError if newer code made the published state. Version 0.1.0 did not write its version."""
    try:
        made = con.execute("select schema_version, code_version from ops.build").fetchall()
    except (duckdb.BinderException, duckdb.CatalogException):
        return
    for version, code in made:
        refuse_newer(name, version, code)


def _rebuild_as_of(con: duckdb.DuckDBPyConnection, as_of: date, is_recomputed: bool, needs: Set[str] | None) -> None:
    # Imported here because a query of the current state does not need them and must start fast.
    from leaderboard_etl.code_version import code_version
    from leaderboard_etl.warehouse.core import build_core
    from leaderboard_etl.warehouse.marts import build_marts
    from leaderboard_etl.warehouse.results import carry_results

    expect_load_until(con, as_of)
    copy_until(con, "published", end_of_day(as_of))
    has_core = needs is None or any(name.startswith(("core.", "mart.")) for name in needs)
    has_marts = needs is None or any(name.startswith("mart.") for name in needs)
    if has_core:
        build_core(con)
    if has_marts and not is_recomputed:
        made = con.execute("select code_version from published.ops.build").fetchall()
        if made == [(code_version(),)]:
            carry_results(con, "published", needs)
    create_views(con, needs=needs)
    if has_marts:
        build_marts(con, as_of, needs)
    con.execute("detach published")


def expect_load_until(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Raises UsageError for a day before the first load."""
    first = con.execute(
        "select min(as_of_at) from published.ops.loads where status in ('published', 'degraded')"
    ).fetchone()
    if first is None or first[0] is None or first[0] > end_of_day(as_of):
        raise UsageError(
            f"as of {as_of}: before the first load of this warehouse ({first[0]:%Y-%m-%d} UTC); choose a later date, or ask"
            " mart.gap_monthly, which goes by days of release"
            if first and first[0]
            else "this warehouse holds no load"
        )
