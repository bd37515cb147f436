"""Making and opening the DuckDB file: tables and views from the registry, readers read-only, as-of in memory."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb

from leaderboard_etl.contracts.migrations import refuse_newer
from leaderboard_etl.contracts.schema import tables, views
from leaderboard_etl.errors import UsageError, WarehouseError, engine_error
from leaderboard_etl.memory import limit_memory
from leaderboard_etl.warehouse.locked import lock

# Older clients, from DuckDB 1.5 on, can read what this storage version holds.
_STORAGE: dict[str, str | bool | int | float | list[str]] = {"storage_compatibility_version": "v1.5.0"}


def create_database(path: Path, *, most_memory_bytes: int | None = None) -> duckdb.DuckDBPyConnection:
    """A new file with empty tables. What a killed run left at `path` is removed first.

    `most_memory_bytes` is what the whole process may hold; null: half of what the machine or its cgroup allows.
    """
    remove_database(path)
    con = duckdb.connect(str(path), config=_STORAGE)
    # One checkpoint at the end writes each block once: the file stays as compact as one built fresh. What would not fit into
    # memory until then is written before, compressed; as uncompressed rows it would take ten times the space.
    con.execute("set checkpoint_threshold = '256MB'")
    con.execute("set preserve_insertion_order = true")
    # A bar for a statement of two seconds, in the midst of a run's own output.
    con.execute("set enable_progress_bar = false")
    limit_memory(con, most_memory_bytes)
    create_tables(con)
    return con


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Schemas, tables and their comments, in one transaction: eight hundred of them would each wait for the disk."""
    statements = [f"create schema {schema}" for schema in ("raw", "history", "core", "mart", "ops")]
    for table in tables().values():
        statements += [table.sql.strip().removesuffix(";"), *table.comments()]
    con.execute(";\n".join(["begin", *statements, "commit"]))


def create_views(con: duckdb.DuckDBPyConnection) -> None:
    """The views of sql/views and their comments."""
    for view in views().values():
        con.execute(view.sql)
        for comment in view.comments():
            con.execute(comment)


def remove_database(path: Path) -> None:
    """Removes a file with all that DuckDB keeps beside it."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
    shutil.rmtree(path.with_name(path.name + ".tmp"), ignore_errors=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Within the block an error of an engine is an EngineError that says in one line what to do."""
    try:
        yield
    except Exception as error:
        told = engine_error(error)
        if told is None:
            raise
        raise told from error


def open_published(
    path: Path, *, as_of: date | None = None, into: Path | None = None, is_locked: bool = True
) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the published file. A run replaces the file, so readers are never in its way.

    With `as_of`, an in-memory database in which core and the views are those of the end of that day (UTC), beside raw,
    history and ops until then; with `into` it is a new file there, open for writing. All but the latter are locked (see
    warehouse.locked) unless `is_locked` is false. Raises WarehouseError if there is no published file, UsageError for a
    date before the first load.
    """
    if not path.exists():
        raise WarehouseError(
            f"{path} does not exist: no run has published here yet;"
            f" start with `leaderboard-etl run -w {shlex.quote(str(path.parent))}`"
        )
    if path.with_name(path.name + ".wal").exists():
        raise WarehouseError(
            f"{path.name}.wal lies beside {path}: something else wrote to the published file, or was killed while it did;"
            " `leaderboard-etl run` puts it aside and makes the file again from raw (without the Hub: `run --offline`)"
        )
    try:
        con = duckdb.connect(str(path), read_only=True)
        _refuse_newer(con, path)
        if as_of is None:
            return lock(con) if is_locked else con
        con.close()
        con = _new_database(into)
        con.execute(f"attach '{_escaped(path)}' as published (read_only)")
    except duckdb.Error as error:
        raise WarehouseError(f"{path} cannot be opened ({first_line(error)}): run again, or restore it") from error
    _rebuild_as_of(con, as_of)
    return lock(con) if is_locked and into is None else con


def _refuse_newer(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raises WarehouseError where newer code made the file. Version 0.1.0 wrote no number."""
    try:
        made = con.execute("select schema_version, code_version from ops.build").fetchall()
    except (duckdb.BinderException, duckdb.CatalogException):
        return
    for version, code in made:
        refuse_newer(path, version, code)


def end_of_day(day: date) -> datetime:
    """The last instant of a day, naive UTC, at the resolution of the database."""
    return datetime.combine(day, time.min) + timedelta(days=1) - timedelta(microseconds=1)


def first_line(error: BaseException) -> str:
    return re.sub(r"\s+", " ", str(error)).strip()[:800]


def _new_database(path: Path | None) -> duckdb.DuckDBPyConnection:
    if path is not None:
        return create_database(path)
    con = duckdb.connect(":memory:")
    create_tables(con)
    return con


def _rebuild_as_of(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    from leaderboard_etl.warehouse.core import build_core
    from leaderboard_etl.warehouse.history import copy_until
    from leaderboard_etl.warehouse.marts import build_marts

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
    build_core(con)
    create_views(con)
    build_marts(con, as_of)
    con.execute("detach published")


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
