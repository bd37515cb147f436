"""Opens the published state for reading: the current state, or in memory the state as of a day."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.contracts.migrations import refuse_newer
from leaderboard_etl.errors import UsageError, WarehouseError, first_line
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target import target_of
from leaderboard_etl.target.locked import lock
from leaderboard_etl.warehouse.database import create_tables, create_views, end_of_day

# How much of a state is made: raw, history and ops; core as well; the marts as well.
Depth = Literal["history", "core", "mart"]


def open_published(
    warehouse: Warehouse,
    *,
    as_of: date | None = None,
    into: Path | None = None,
    is_locked: bool = True,
    is_recomputed: bool = False,
    depth: Depth = "mart",
) -> duckdb.DuckDBPyConnection:
    """Returns a read-only connection to the published state. Readers never block a run, because a run replaces the
    file.

    With `as_of` it is an in-memory database in which core and the views show the end of that day (UTC), and raw,
    history and ops end there; results made from the same rows as the published ones are taken from there, but with
    `is_recomputed` all are computed. It is no deeper than `depth`: the schemas behind that stay empty. With `into` it is a new
    file at that path, open for writing. All connections except one with `into` are locked (see target.locked) unless `is_locked`
    is false. Raises WarehouseError if nothing is published, UsageError for a date before the first load or in the future.
    """
    if as_of is not None:
        refuse_future(as_of)
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
    try:
        con = target.read()
        refuse_newer_state(con, target)
        if as_of is None:
            return lock(con) if is_locked else con
        con.close()
        con = engine.in_memory() if into is None else engine.create(into)
        create_tables(con)
        target.attach_to(con, "published")
    except duckdb.Error as error:
        raise WarehouseError(f"{target} cannot be opened ({first_line(error)}): run again, or restore it") from error
    with made_by_this_code(target):
        _rebuild_as_of(con, as_of, is_recomputed, depth)
    return lock(con) if is_locked and into is None else con


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


def _rebuild_as_of(con: duckdb.DuckDBPyConnection, as_of: date, is_recomputed: bool, depth: Depth) -> None:
    # Imported here because a query of the current state does not need them and must start fast.
    from leaderboard_etl.code_version import code_version
    from leaderboard_etl.warehouse.core import build_core
    from leaderboard_etl.warehouse.history import copy_until
    from leaderboard_etl.warehouse.marts import build_marts
    from leaderboard_etl.warehouse.results import carry_results

    first = con.execute(
        "select min(as_of_at) from published.ops.loads where status in ('published', 'degraded')"
    ).fetchone()
    if first is None or first[0] is None or first[0] > end_of_day(as_of):
        raise UsageError(
            f"as of {as_of}: before the first load of this warehouse ({first[0]:%Y-%m-%d} UTC); choose a later date"
            if first and first[0]
            else "this warehouse holds no load"
        )
    copy_until(con, "published", end_of_day(as_of))
    if depth != "history":
        build_core(con)
    made = con.execute("select code_version from published.ops.build").fetchall()
    if depth == "mart" and not is_recomputed and made == [(code_version(),)]:
        carry_results(con, "published")
    create_views(con)
    if depth == "mart":
        build_marts(con, as_of)
    con.execute("detach published")
