"""The files of a snapshot with every analysis computed again, as fast as two processors allow.

This process computes the state of the day again. Meanwhile a second one makes the files from the rows that the published file
stores, under the views of this code. Equal states give equal files, so its files are taken where every row is the same in
both; else they are made from the state that was computed here.
"""

from __future__ import annotations

from contextlib import closing, nullcontext
from datetime import date

import duckdb

from leaderboard_etl.apart import apart
from leaderboard_etl.contracts.schema import kept_views, tables
from leaderboard_etl.export.snapshot import expect_our_code, snapshot_files
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.opening import open_linked, open_published
from leaderboard_etl.target.past import is_published
from leaderboard_etl.warehouse.carried import carried_tables

Content = dict[str, str]

# Of fewer, the analyses take less time than to begin a second process.
LEAST_SCORES = 1_000


def recomputed_snapshot(
    warehouse: Warehouse, day: date, *, with_pictures: bool, is_redistributable: bool
) -> dict[str, bytes]:
    """The files of make_snapshot for a day, without a result of an analysis from the published file. Raises what make_snapshot
    raises."""
    with closing(open_published(warehouse)) as con:
        expect_our_code(con, warehouse.database)
        [(n_scores,)] = con.execute("select count(*) from core.scores").fetchall()
    is_worth_it = n_scores >= LEAST_SCORES
    with (
        apart(stored_files, warehouse, day, with_pictures, is_redistributable)
        if is_worth_it
        else nullcontext() as stored,
        closing(open_published(warehouse, as_of=day, is_recomputed=True)) as con,
    ):
        answer = None if stored is None else stored()
        if answer is not None and answer[0] == content_of(con):
            return answer[1]
        return snapshot_files(con, day, with_pictures, is_redistributable)


def stored_files(
    warehouse: Warehouse, day: date, with_pictures: bool, is_redistributable: bool
) -> tuple[Content, dict[str, bytes]]:
    """The content of the state of a day as far as it is stored, and the files of a snapshot made from it."""
    with closing(open_published(warehouse)) as con:
        is_current = is_published(con, day)
    with closing(open_linked(warehouse) if is_current else open_published(warehouse, as_of=day)) as con:
        return content_of(con), snapshot_files(con, day, with_pictures, is_redistributable)


def content_of(con: duckdb.DuckDBPyConnection) -> Content:
    """The number and the hash of the rows of each table, whatever their order. What a run notes of itself is left out: no file
    of a snapshot depends on it."""
    names = [name for name, table in tables().items() if table.schema != "ops"]
    names += [name for name in carried_tables() if name.startswith("ops.")]
    hashes = " union all ".join(
        f"select '{name}', count(*) || ' ' || coalesce(sum(hash(t)::hugeint), 0) from {name} as t"
        for name in (*names, *kept_views())
    )
    return dict(con.execute(hashes).fetchall())
