"""Write, audit, publish: a staging file is built beside the published one and takes its place in one step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.ledger import FileState, Ledger, Load
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse, code_version
from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.warehouse.core import build_core
from leaderboard_etl.warehouse.database import create_database, create_views, first_line
from leaderboard_etl.warehouse.fold import fold_load
from leaderboard_etl.warehouse.marts import build_marts

_CARRIED = ("raw", "history", "ops")
_REBUILT = ("ops.build", "ops.check_results")


def stage(
    warehouse: Warehouse,
    store: BlobStore,
    ledger: Ledger,
    load: Load | None = None,
    *,
    parsed: Mapping[str, Parsed] | None = None,
    from_raw: bool = False,
) -> duckdb.DuckDBPyConnection:
    """A staging file that holds every load of the ledger and `load`, with core and views built; the open connection.

    It starts from the published file where that is a fold of this ledger by this code, else (or with `from_raw`) from
    nothing, replaying the ledger in order: both give the same content.
    """
    loads = [*ledger.loads, *([load] if load else [])]
    con = create_database(warehouse.staging)
    done = 0 if from_raw else _carry_over(con, warehouse.database, loads)
    state = FileState(store, loads[:done])
    con.execute("begin")
    for earlier in loads[done:]:
        fold_load(con, store, state, earlier, parsed=parsed if earlier is load else None)
    con.execute("insert into ops.build values (?, ?)", [code_version(), loads[-1].load_id if loads else None])
    build_core(con)
    create_views(con)
    build_marts(con, _last_change(loads).as_of().date())
    con.execute("commit")
    return con


def _last_change(loads: list[Load]) -> Load:
    """The last load that changed what is believed: a quiet night after it leaves the state, and its day, as they are."""
    changing = [load for load in loads if load.is_applied and any(source.changes_blob for source in load.sources)]
    return max(changing or loads, key=lambda load: (load.as_of(), load.load_id))


def refuse_stale_wal(warehouse: Warehouse) -> None:
    """Raises WarehouseError while a `.wal` lies beside the published file: DuckDB would replay it into the new one."""
    wal = Path(f"{warehouse.database}.wal")
    if wal.exists():
        raise WarehouseError(
            f"{wal} exists: something wrote to the published file, or was killed while it did; close it, look at what it"
            " was, remove the file and run again. Nothing was published"
        )


def publish(con: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    """Closes the staging file and puts it in the published one's place. Readers keep the file that they have open.

    Raises WarehouseError, and publishes nothing, where refuse_stale_wal does or the file cannot be replaced.
    """
    con.close()
    refuse_stale_wal(warehouse)
    try:
        with warehouse.staging.open("rb") as file:
            os.fsync(file.fileno())
        warehouse.staging.replace(warehouse.database)
    except OSError as error:
        raise WarehouseError(f"{warehouse.database} could not be replaced ({error}): nothing was published") from error


def published_loads(database: Path) -> int | None:
    """How many loads of the ledger the published file holds; null if there is none, or if other code made it."""
    if not database.exists():
        return None
    try:
        with duckdb.connect(str(database), read_only=True) as con:
            row = con.execute("select (select count(*) from ops.loads), code_version from ops.build").fetchone()
    except duckdb.Error:
        return None
    return row[0] if row and row[1] == code_version() else None


def _carry_over(con: duckdb.DuckDBPyConnection, database: Path, loads: list[Load]) -> int:
    """Copies the published file's history into the staging file; returns how many loads of the ledger that covers."""
    done = published_loads(database)
    if done is None or done > len(loads):
        return 0
    path = str(database).replace("'", "''")
    try:
        con.execute(f"attach '{path}' as published (read_only)")
        held = con.execute("select load_id, as_of_at from published.ops.loads order by load_id").fetchall()
        if held != [(load.load_id, load.as_of()) for load in loads[:done]]:
            return 0
        con.execute("begin")
        for name, table in tables().items():
            if table.schema in _CARRIED and name not in _REBUILT:
                con.execute(f"insert into {name} select * from published.{name}")
        con.execute("commit")
    except duckdb.Error as error:
        raise WarehouseError(
            f"{database} cannot be read ({first_line(error)}): rebuild with `run --offline`"
        ) from error
    finally:
        con.execute("detach database if exists published")
    return done
