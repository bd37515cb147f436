"""History: what each source stated, from which load to which. A load closes rows that are no longer stated and opens
new ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import duckdb
import polars as pl

from leaderboard_etl.engine import ROW_ID
from leaderboard_etl.sources.base import parsed_schema

# A statement may move without changing: rows shift within a table, and every commit has a new revision.
NOT_COMPARED = ("revision", "blob_id", "locator")
# The number of a run or a metric of subtask scores is that of the load that first held it times this, and its place in the load.
KEYS_OF_LOAD = 1_000_000_000


def history_table(target: str) -> str:
    return "ops.quarantine" if target == "quarantine" else f"history.{target}"


def merge(
    con: duckdb.DuckDBPyConnection,
    target: str,
    parsed: pl.DataFrame,
    source_id: str,
    scope: pl.DataFrame,
    *,
    load_id: int,
    as_of_at: datetime,
    is_first: bool = False,
) -> tuple[int, int, int]:
    """Updates the open rows of `source_id` from the files in `scope` so that they state what `parsed` states.

    `scope` has the columns repo_type, repo_id, path: the files that changed or are gone, each once per load. A row that
    states the same as before stays open with the place where it was first seen. `is_first` says that no earlier load opened a
    row of the source in this table. Returns the numbers of rows that are open now, were opened, and were closed.
    """
    if is_first and parsed.is_empty():
        return 0, 0, 0
    table = history_table(target)
    columns = list(parsed_schema(target))
    compared = ", ".join(column for column in columns if column not in NOT_COMPARED)
    if target == "quarantine":
        # A file may hold the same bad record twice; both are kept.
        compared += f", row_number() over (partition by {compared} order by locator)"
    con.register("parsed_rows", parsed)
    before, n_gone, n_new = 0, 0, parsed.height
    if not is_first:
        con.register("scope_now", scope)
        [(before,)] = con.execute(
            f"""
            create or replace temp table open_rows as
            select {ROW_ID} as row_id, hash({compared}) as said
            from {table}
            where valid_to is null and source_id = ? and load_id < ? and (repo_type, repo_id, path) in (from scope_now)
            """,
            [source_id, load_id],
        ).fetchall()
        con.unregister("scope_now")
    gone, new = "open_rows", "parsed_rows"
    if before:
        con.execute(f"create or replace temp table said_now as select *, hash({compared}) as said from parsed_rows")
        gone = "open_rows where said not in (select said from said_now)"
        new = "said_now where said not in (select said from open_rows)"
        [(n_gone, n_new)] = con.execute(
            f"select (select count(*) from {gone}), (select count(*) from {new})"
        ).fetchall()
    # A file that changed says of most targets what it said before, and to write none of their wide rows takes milliseconds.
    if n_gone:
        close_rows(con, table, f"select row_id from {gone}", load_id, as_of_at)
    if n_new:
        con.execute(
            f"""
            insert into {table} ({", ".join(columns)}, load_id, valid_from)
            select {", ".join(columns)}, $load, $at
            from {new}
            """,
            {"at": as_of_at, "load": load_id},
        )
    con.unregister("parsed_rows")
    con.execute("drop table if exists open_rows; drop table if exists said_now")
    return before + n_new - n_gone, n_new, n_gone


def close_rows(con: duckdb.DuckDBPyConnection, table: str, row_ids: str, load_id: int, as_of_at: datetime) -> int:
    """Closes the rows of a table of history with the numbers that the query `row_ids` gives; returns how many.

    They go to the end of the table. DuckDB stores a column of 122,880 rows anew when one of them is set, so that a few changed
    files, whose rows lie everywhere, would cost as much as the table is long.
    """
    [(closed,)] = con.execute(
        f"""
        create or replace temp table closed_rows as
        select * replace ($at as valid_to, $load as closed_load_id) from {table} where {ROW_ID} in ({row_ids})
        """,
        {"at": as_of_at, "load": load_id},
    ).fetchall()
    if closed:
        con.execute(f"delete from {table} where {ROW_ID} in ({row_ids})")
        con.execute(f"insert into {table} from closed_rows")
    con.execute("drop table closed_rows")
    return int(closed)


def never_stated(con: duckdb.DuckDBPyConnection, targets: Iterable[str], source_id: str, load_id: int) -> set[str]:
    """Those of the targets of which no load before this one opened a row of the source."""
    asked = set(targets)
    # Of subtask scores a few runs tell it, and not a million numbers.
    opened = {target: (history_table(target), "load_id") for target in asked}
    opened |= {"subtask_scores": ("history.runs", f"run_key // {KEYS_OF_LOAD}")}
    # One row says it. Whether there is none DuckDB finds in more time.
    queries = (
        f"(select '{target}' from {table} where source_id = $source and {load} < $load limit 1)"
        for target, (table, load) in opened.items()
    )
    rows = con.execute(" union all ".join(queries), {"source": source_id, "load": load_id}).fetchall()
    return asked - {target for (target,) in rows}


def policy_texts(con: duckdb.DuckDBPyConnection) -> dict[str, bytes]:
    """The current policy files, by name."""
    rows = con.execute("select name, content from history.policy_files where valid_to is null").fetchall()
    return {name: content.encode() for name, content in rows}


def is_within(names: str, of: str = "") -> str:
    """The condition that the name of a row is in a registered frame of names; with '' it holds for all. `of` is what the query
    calls the table, with its dot."""
    return f"({of}source_id, {of}source_name) in (from {names})" if names else "true"
