"""A whole state in a new database: history load by load, then core, views and marts made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import duckdb

from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.migrations import schema_version
from leaderboard_etl.raw.ledger import FileState, Load
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.reading.loads import News, read_load
from leaderboard_etl.warehouse.core import build_core
from leaderboard_etl.warehouse.database import create_tables, create_views
from leaderboard_etl.warehouse.fold import fold_load
from leaderboard_etl.warehouse.marts import build_marts


def build(
    con: duckdb.DuckDBPyConnection,
    store: BlobStore,
    loads: Sequence[Load],
    *,
    carry_into: Callable[[duckdb.DuckDBPyConnection], int] | None = None,
    news: Mapping[int, Sequence[News]] | None = None,
) -> None:
    """Fills a database without tables with every load of `loads`.

    `carry_into` may fill the history tables first, and returns how many of the loads that covers; the others are replayed from
    raw, in order. Both give the same content. `news` is what was read for some of them, by load id.
    """
    create_tables(con)
    done = carry_into(con) if carry_into is not None else 0
    state = FileState(store, loads[:done])
    con.execute("begin")
    for load in loads[done:]:
        fold_load(con, read_load(store, state, load, (news or {}).get(load.load_id, ())))
    con.commit().begin()
    last_id = loads[-1].load_id if loads else None
    con.execute("insert into ops.build values (?, ?, ?)", [code_version(), last_id, schema_version()])
    build_core(con)
    con.commit().begin()
    create_views(con)
    build_marts(con, _last_change(loads).as_of().date())
    con.execute("commit")


def _last_change(loads: Sequence[Load]) -> Load:
    """The last load that changed the state: a night without news after it leaves the state, and its day, as they are."""
    changing = [load for load in loads if load.is_applied and any(source.changes_blob for source in load.sources)]
    return max(changing or loads, key=lambda load: (load.as_of(), load.load_id))
