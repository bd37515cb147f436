"""What a lake holds: its own tables, tables and views of the same shape as a staged file, and the rows by which both differ."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.contracts.schema import kept_views, tables, views
from leaderboard_etl.warehouse.database import create_macros, creation

# The lake's own tables: which state it holds, and which line of which ledger each of its loads is.
OWN_TABLES = (
    "create schema if not exists lake",
    "create or replace table lake.head (commit_id varchar not null)",
    "create or replace table lake.loads (load_id integer not null, chain varchar not null, ledger_load_id integer not null,"
    " code_version varchar not null)",
)
LOADS = "lake.loads"
# A file is written again where more than this share of its rows was deleted.
_MOST_DELETED = 0.3
# A larger file is not merged, so that upkeep costs what came since, not what the lake holds.
_SMALL_BYTES = 1_000_000
# The names of the lake and of the staged file in the connection that writes, and of the copy in the one that stages.
LAKE, FILE, COPY = "there", "staged", "copied"


def head_of(con: duckdb.DuckDBPyConnection, catalog: str | None = None) -> str | None:
    """The commit in a database; null if nothing was ever committed."""
    prefix = "" if catalog is None else f"{catalog}."
    try:
        return str(con.execute(f"select commit_id from {prefix}lake.head").fetchall()[0][0])
    except duckdb.CatalogException:
        return None


def reshape(con: duckdb.DuckDBPyConnection) -> None:
    """Gives the lake in use the tables, views and macros of the staged file; tables that keep their columns keep their rows."""
    here, there = (_shape(con, catalog) for catalog in (FILE, LAKE))
    for schema, name in con.execute(
        f"select schema_name, view_name from duckdb_views() where database_name = '{LAKE}' and not internal"
    ).fetchall():
        con.execute(f"drop view {schema}.{name}")
    for schema, name, kind in con.execute(
        "select distinct schema_name, function_name, function_type from duckdb_functions()"
        f" where database_name = '{LAKE}' and not internal"
    ).fetchall():
        con.execute(f"drop {'macro table' if kind == 'table_macro' else 'macro'} {schema}.{name}")
    changed = [name for name, columns in here.items() if there.get(name) != columns]
    for name in there:
        if name in changed or name not in here:
            con.execute(f"drop table {name}")
    for name in changed:
        if name in tables():
            run_all(con, creation(tables()[name]))
        else:
            con.execute(f"create table {name} as from {FILE}.{name} limit 0")
            run_all(con, kept_views()[name].comments("table"))
    create_macros(con)
    for view in views().values():
        if view.name not in here:
            # DuckLake has no comments on the columns of a view.
            run_all(con, (each for each in creation(view) if not each.startswith("comment on column")))


def _shape(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, list[tuple[str, str]]]:
    """The columns of the tables in a database, by table, and their types; without the lake's own tables."""
    shape: dict[str, list[tuple[str, str]]] = {}
    for name, column, kind in con.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
        " join duckdb_tables() using (database_name, schema_name, table_name)"
        " where database_name = ? and schema_name <> 'lake' order by column_index",
        [catalog],
    ).fetchall():
        shape.setdefault(name, []).append((column, kind))
    return shape


def run_all(con: duckdb.DuckDBPyConnection, statements: Iterable[str]) -> None:
    for statement in statements:
        con.execute(statement)


def write_difference(con: duckdb.DuckDBPyConnection, name: str, before: str) -> None:
    """Deletes the rows of a table in the lake that the staged file lacks, and inserts those that only it has. `before` is the
    database that has the lake's rows: the lake, or the copy of it, which is quicker to read."""
    total = "select count(*), sum(hash(t)::hugeint) from {}.{} as t"
    here, there = (con.execute(total.format(catalog, name)).fetchall() for catalog in (FILE, before))
    if here == there:
        return
    # Equal rows are counted: both databases may hold several.
    con.execute(
        f"create or replace temp table differing as select said, sum(n_before)::bigint as n_before from ("
        f" select hash(t) as said, 1 as n_here, 0 as n_before from {FILE}.{name} as t"
        f" union all select hash(t), 0, 1 from {before}.{name} as t"
        ") group by said having sum(n_here) <> sum(n_before)"
    )
    [(n_gone,)] = con.execute("select coalesce(sum(n_before), 0)::bigint from differing").fetchall()
    said = "{} in (select {} from {}.{} as t where hash(t) in (select said from differing{}))"
    if n_gone:
        gone = said.format(engine.ROW_ID, engine.ROW_ID, LAKE, name, " where n_before > 0")
        [(n_deleted,)] = con.execute(f"delete from {LAKE}.{name} where {gone}").fetchall()
        if n_deleted != n_gone:
            # Something else wrote to the lake. What it did is undone, as if there were no copy.
            write_difference(con, name, LAKE)
            return
    come = said.format(engine.ROW_ID, engine.ROW_ID, FILE, name, "")
    con.execute(f"insert into {LAKE}.{name} from {FILE}.{name} where {come} order by {engine.ROW_ID}")


def merge_files(con: duckdb.DuckDBPyConnection) -> None:
    """Merges small files of the lake, and removes those that no snapshot has needed for a day. Every snapshot keeps its rows."""
    # A file of which rows were deleted cannot be merged; without these rows it can.
    con.execute(f"call ducklake_rewrite_data_files('{LAKE}', delete_threshold => {_MOST_DELETED})")
    con.execute(f"call ducklake_merge_adjacent_files('{LAKE}', max_file_size => {_SMALL_BYTES})")
    con.execute(f"call ducklake_cleanup_old_files('{LAKE}', older_than => now() - interval 1 day)")
