"""The copy of a lake's state on this machine: taken whole, or brought up to date by what commits have changed since."""

from __future__ import annotations

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.schema import kept_views, tables
from leaderboard_etl.target.lake_tables import LAKE, head_of, run_all
from leaderboard_etl.warehouse.database import create_tables, create_views

# What commits may have done between two states that differ by rows alone: they wrote rows, or upkeep moved them to other files.
_OF_ROWS = {"tables_inserted_into", "tables_deleted_from", "merge_adjacent", "rewrite_delete"}


def copy_whole(con: duckdb.DuckDBPyConnection) -> bool:
    """Fills an empty database with the attached lake's state. Returns whether this version of the code made that: only then are
    the views and comments here as well."""
    is_ours = _made_by(con, LAKE) == code_version()
    if is_ours:
        create_tables(con)
    con.execute("begin")
    for schema, table in con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ?", [LAKE]
    ).fetchall():
        name = f"{schema}.{table}"
        if is_ours and name in tables():
            written = f"insert into {name}"
        else:
            con.execute(f"create schema if not exists {schema}")
            written = f"create table {name} as"
        con.execute(f"{written} from {LAKE}.{name} order by {engine.ROW_ID}")
    con.execute("commit")
    if is_ours:
        for view in kept_views().values():
            run_all(con, view.comments("table"))
        create_views(con)
    return is_ours


def bring_up_to_date(con: duckdb.DuckDBPyConnection) -> bool:
    """Changes a database with an earlier state of the attached lake into its present state, by the rows that commits wrote since.

    False, and the database is worth nothing: other code made one of the two states, tables changed their columns, or the snapshot
    of the earlier state has expired.
    """
    con.execute("begin")
    if not _made_by(con) == _made_by(con, LAKE) == code_version():
        return False
    # A snapshot of upkeep may lie in between, so the first is not that before the last.
    [(first,)] = con.execute(
        f"select max(snapshot_id) from ducklake_snapshots('{LAKE}') where commit_extra_info = ?", [head_of(con)]
    ).fetchall()
    [(last,)] = con.execute(f"from ducklake_current_snapshot('{LAKE}')").fetchall()
    if first is None:
        return False
    changes = con.execute(
        f"select changes from ducklake_snapshots('{LAKE}') where snapshot_id > ? and snapshot_id <= ?", [first, last]
    ).fetchall()
    if any(kind not in _OF_ROWS for (kinds,) in changes for kind in kinds):
        return False
    written = {
        number for (kinds,) in changes for kind, of in kinds.items() if kind.startswith("tables_") for number in of
    }
    names = con.execute(
        f"select distinct schema_name, table_name from __ducklake_metadata_{LAKE}.ducklake_table as t"
        f" join __ducklake_metadata_{LAKE}.ducklake_schema as s using (schema_id) where list_contains(?, table_id::varchar)",
        [sorted(written)],
    ).fetchall()
    if not all(_carry_changes(con, schema, table, first + 1, last) for schema, table in names):
        return False
    con.execute("commit")
    return head_of(con) == head_of(con, LAKE)


def _carry_changes(con: duckdb.DuckDBPyConnection, schema: str, table: str, first: int, last: int) -> bool:
    """Deletes and inserts the rows of a table that the lake lost and got from one snapshot to another. False: not all of them
    were here, or the table holds another number of rows than in the lake now."""
    name, of_rows = f"{schema}.{table}", f"'{LAKE}', '{schema}', '{table}', {first}, {last}"
    con.execute(f"create or replace temp table come as from ducklake_table_insertions({of_rows})")
    # A row that came and went again is told by neither. Equal rows are counted, because a table may hold several.
    con.execute(
        "create or replace temp table changed as select said, sum(n)::bigint as n from ("
        " select hash(t) as said, 1 as n from come as t"
        f" union all select hash(t), -1 from ducklake_table_deletions({of_rows}) as t"
        ") group by said having sum(n) <> 0"
    )
    some = (
        f"select row_id from (select {engine.ROW_ID} as row_id, hash(t) as said, row_number() over (partition by hash(t)) as nth"
        " from {} as t where hash(t) in (select said from changed)) join changed using (said) where nth <= {}"
    )
    [(n_gone,)] = con.execute("select coalesce(-sum(n), 0)::bigint from changed where n < 0").fetchall()
    if n_gone:
        [(n_deleted,)] = con.execute(
            f"delete from {name} where {engine.ROW_ID} in ({some.format(name, '-n')})"
        ).fetchall()
        if n_deleted != n_gone:
            return False
    con.execute(
        f"insert into {name} from come where {engine.ROW_ID} in ({some.format('come', 'n')}) order by {engine.ROW_ID}"
    )
    [(n_here, n_there)] = con.execute(
        f"select (select count(*) from {name}), (select count(*) from {LAKE}.{name})"
    ).fetchall()
    return bool(n_here == n_there)


def _made_by(con: duckdb.DuckDBPyConnection, catalog: str | None = None) -> str:
    """The version of the code that made a state."""
    prefix = "" if catalog is None else f"{catalog}."
    return str(con.execute(f"select code_version from {prefix}ops.build").fetchall()[0][0])
