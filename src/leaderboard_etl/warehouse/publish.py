"""Write, audit, publish: a staging file is built beside the published one and takes its place in one step.

leaderboard_etl.durable has the order in which that becomes lasting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.migrations import schema_version
from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.durable import durable, sync
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.ledger import FileState, Load
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.warehouse.core import build_core
from leaderboard_etl.warehouse.database import (
    create_database,
    create_views,
    first_line,
    one_line_errors,
    remove_database,
)
from leaderboard_etl.warehouse.fold import fold_load
from leaderboard_etl.warehouse.marts import build_marts

_CARRIED = ("raw", "history", "ops")
_REBUILT = ("ops.build", "ops.check_results")
# Readers only ever open the published file read-only; so does a stray `duckdb leaderboard.duckdb` of another user.
_PUBLISHED_MODE = 0o444


def carried_tables() -> list[str]:
    """The tables that hold history: a new file takes them from the one before, all others are built from them."""
    return [name for name, table in tables().items() if table.schema in _CARRIED and name not in _REBUILT]


def stage(
    path: Path,
    store: BlobStore,
    loads: Sequence[Load],
    *,
    carry_into: Callable[[duckdb.DuckDBPyConnection], int] | None = None,
    parsed: Mapping[str, Parsed] | None = None,
    most_memory_bytes: int | None = None,
) -> duckdb.DuckDBPyConnection:
    """A new file at `path` that holds every load of `loads`, with core and views built; the open connection.

    `carry_into` may fill the history tables first, and says how many of the loads that covers; the others are replayed from
    raw, in order: both give the same content. `parsed` is what the last load's files say, where that is at hand.
    `most_memory_bytes` is as in create_database. Raises EngineError, and leaves no file, where memory or space do not suffice.
    """
    with ExitStack() as unfinished, one_line_errors():
        unfinished.callback(remove_database, path)
        con = create_database(path, most_memory_bytes=most_memory_bytes)
        unfinished.callback(con.close)
        done = carry_into(con) if carry_into is not None else 0
        state = FileState(store, loads[:done])
        con.execute("begin")
        for load in loads[done:]:
            fold_load(con, store, state, load, parsed=parsed if load is loads[-1] else None)
        con.commit().begin()
        last_id = loads[-1].load_id if loads else None
        con.execute("insert into ops.build values (?, ?, ?)", [code_version(), last_id, schema_version()])
        build_core(con)
        con.commit().begin()
        create_views(con)
        build_marts(con, _last_change(loads).as_of().date())
        con.execute("commit")
        unfinished.pop_all()
    return con


def _last_change(loads: Sequence[Load]) -> Load:
    """The last load that changed what is believed: a quiet night after it leaves the state, and its day, as they are."""
    changing = [load for load in loads if load.is_applied and any(source.changes_blob for source in load.sources)]
    return max(changing or loads, key=lambda load: (load.as_of(), load.load_id))


def seal(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Closes a staging file so that it can be published: checkpointed, synced, and found to hold, table by table, the rows
    that were put into it. Raises WarehouseError where the disk or the engine did not keep them."""
    with durable("staging file"):
        try:
            staged = _row_counts(con)
            # Closing checkpoints as well, but keeps a failure to itself.
            con.execute("checkpoint")
            con.close()
            if path.with_name(path.name + ".wal").exists():
                raise WarehouseError(f"{path} is not whole, its log still holds a part: nothing was published")
            sync(path)
            with duckdb.connect(str(path), read_only=True) as written:
                found = _row_counts(written)
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(
                f"{path} could not be written ({first_line(error)}): nothing was published; free space and run again"
            ) from error
        differing = [name for name, count in staged.items() if found.get(name) != count]
        if differing:
            name = differing[0]
            raise WarehouseError(
                f"{path} was not written whole, {name} holds {found.get(name)} of {staged[name]} rows: nothing was published;"
                " look at the disk and run again"
            )


def publish(warehouse: Warehouse) -> str | None:
    """Puts the sealed staging file in the published one's place. Readers keep the file that they have open.

    Returns a sentence where a write-ahead log of another writer lay there and was put aside. Raises WarehouseError, and
    publishes nothing, where the file cannot be replaced.
    """
    try:
        said = _put_wal_aside(warehouse)
        warehouse.staging.chmod(_PUBLISHED_MODE)
        with durable("published file"):
            warehouse.staging.replace(warehouse.database)
            sync(warehouse.root)
    except OSError as error:
        raise WarehouseError(f"{warehouse.database} could not be replaced ({error}): nothing was published") from error
    return said


def _put_wal_aside(warehouse: Warehouse) -> str | None:
    """DuckDB would replay the log into the new file, or refuse it; what is in it is kept for whoever wrote it."""
    if not warehouse.wal.exists():
        return None
    aside = warehouse.wal.with_name(f"{warehouse.wal.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    with durable("wal aside"):
        warehouse.wal.replace(aside)
        sync(warehouse.root)
    return f"{warehouse.wal.name}, which another writer left beside the published file, is now {aside.name}"


def _row_counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    query = " union all ".join(f"select '{name}', count(*) from {name}" for name in tables())
    return dict(con.execute(query).fetchall())
