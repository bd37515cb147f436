"""A whole state in a new database: history load by load, then core, views and marts made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

import duckdb
import polars as pl

from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.migrations import schema_version
from leaderboard_etl.contracts.public import public_version
from leaderboard_etl.raw.ledger import FileState, Load
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.reading.loads import LoadContent, News, read_load
from leaderboard_etl.warehouse.core import build_core, update_core
from leaderboard_etl.warehouse.database import create_tables, create_views, describe_tables
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
    create_tables(con, is_described=False)
    done = carry_into(con) if carry_into is not None else 0
    contents = _contents(store, loads, done, news or {})
    # The first load is parsed meanwhile.
    describe_tables(con)
    con.begin()
    create_views(con)
    con.commit()
    _fold(con, contents)
    con.begin()
    made_by = [code_version(), _last_id(loads), schema_version(), public_version()]
    con.execute("insert into ops.build values (?, ?, ?, ?)", made_by)
    build_core(con)
    con.commit()
    con.begin()
    build_marts(con, _last_change(loads).as_of().date(), is_new=True)
    con.commit()


def extend(
    con: duckdb.DuckDBPyConnection,
    store: BlobStore,
    loads: Sequence[Load],
    done: int,
    news: Mapping[int, Sequence[News]],
) -> pl.DataFrame:
    """Brings a database that holds the state after the first `done` loads up to the state after all of them. The same code must
    have made it, and no load since then may have changed policy. `news` is that of `build`, and so is the content.

    Returns the models that were judged anew (core.update_core)."""
    _fold(con, _contents(store, loads, done, news))
    con.begin()
    [(since_load_id,)] = con.execute("select load_id from ops.build").fetchall()
    con.execute("update ops.build set load_id = ?", [_last_id(loads)])
    judged = update_core(con, since_load_id or 0)
    build_marts(con, _last_change(loads).as_of().date(), judged=judged)
    con.commit()
    return judged


def _contents(
    store: BlobStore, loads: Sequence[Load], done: int, news: Mapping[int, Sequence[News]]
) -> Iterator[LoadContent]:
    """The loads after the first `done`, in order; the first is read from now on."""
    state = FileState(store, loads[:done])
    contents = (read_load(store, state, load, news.get(load.load_id, ())) for load in loads[done:])
    return chain(list(islice(contents, 1)), contents)


def _fold(con: duckdb.DuckDBPyConnection, contents: Iterable[LoadContent]) -> None:
    """Folds loads, each in a transaction of its own: one for many would hold all their rows in memory, and make DuckDB 2.0.0
    delete rows that the same transaction inserted, which spoils the table."""
    for content in contents:
        con.begin()
        fold_load(con, content)
        con.commit()


def _last_id(loads: Sequence[Load]) -> int | None:
    return loads[-1].load_id if loads else None


def _last_change(loads: Sequence[Load]) -> Load:
    """The last load that changed the state: a night without news after it leaves the state, and its day, as they are."""
    changing = [load for load in loads if load.is_applied and any(source.changes_blob for source in load.sources)]
    return max(changing or loads, key=lambda load: (load.as_of(), load.load_id))
