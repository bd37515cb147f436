"""The history of subtask scores: each run and each metric once, and the numbers as rows of keys (history.measurements).

history.subtask_scores and core.subtask_scores show them written out. A key says which load first held its run or metric, so that
writers of different loads never give the same key to two.
"""

from __future__ import annotations

from datetime import datetime

import duckdb
import polars as pl

from leaderboard_etl.engine import ROW_ID
from leaderboard_etl.sources.measured import METRIC_COLUMNS, RUN_COLUMNS, Measured
from leaderboard_etl.warehouse.history import KEYS_OF_LOAD, NOT_COMPARED, close_rows, is_within

_PLACE = ("repo_type", "repo_id", "path")


def merge_measured(
    con: duckdb.DuckDBPyConnection,
    measured: Measured,
    source_id: str,
    scope: pl.DataFrame,
    *,
    load_id: int,
    as_of_at: datetime,
    is_first: bool = False,
) -> tuple[int, int, int]:
    """As history.merge, for subtask scores."""
    values = measured.values
    if is_first:
        _insert(con, measured, load_id, as_of_at, is_first=True)
        return values.height, values.height, 0
    said_of_run, said_of_metric = (
        f"hash({', '.join(column for column in columns if column not in NOT_COMPARED)}) as said"
        for columns in (RUN_COLUMNS, METRIC_COLUMNS)
    )
    con.register("scope_now", scope)
    [(before,)] = con.execute(
        f"""
        create or replace temp table open_rows as
        select v.{ROW_ID} as row_id, hash(r.said, m.said, v.score_raw, v.stderr_raw) as said
        from history.measurements as v
        join (
            select run_key, {said_of_run}
            from history.runs
            where source_id = ? and (repo_type, repo_id, path) in (from scope_now)
        ) as r using (run_key)
        join (select metric_key, {said_of_metric} from history.metrics) as m using (metric_key)
        where v.valid_to is null and v.load_id < ?
        """,
        [source_id, load_id],
    ).fetchall()
    closed = 0
    if before:
        con.register("runs_now", measured.runs.with_row_index("run_no"))
        con.register("metrics_now", measured.metrics.with_row_index("metric_no"))
        con.register("values_now", values.with_row_index("row_number"))
        con.execute(
            f"""
            create or replace temp table said_now as
            select v.row_number, hash(r.said, m.said, v.score_raw, v.stderr_raw) as said
            from values_now as v
            join (select run_no, {said_of_run} from runs_now) as r using (run_no)
            join (select metric_no, {said_of_metric} from metrics_now) as m using (metric_no)
            """
        )
        gone = "select row_id from open_rows where said not in (select said from said_now)"
        closed = close_rows(con, "history.measurements", gone, load_id, as_of_at)
        new = con.sql(
            "select row_number from said_now where said not in (select said from open_rows) order by row_number"
        ).pl()
        values = values[new["row_number"]]
        for name in ("runs_now", "metrics_now", "values_now"):
            con.unregister(name)
        con.execute("drop table said_now")
    con.execute("drop table open_rows")
    con.unregister("scope_now")
    _insert(con, measured._replace(values=values), load_id, as_of_at, is_first=False)
    return before + values.height - closed, values.height, closed


def measured_names(con: duckdb.DuckDBPyConnection, within: str = "") -> pl.DataFrame:
    """source_id and source_name of every model with a subtask score that is believed, if they are `within` a registered frame."""
    names: pl.DataFrame = con.sql(
        f"""
        select distinct source_id, source_name
        from history.runs
        where run_key in (select run_key from history.measurements where valid_to is null) and {is_within(within)}
        """
    ).pl()
    return names


def _insert(
    con: duckdb.DuckDBPyConnection, measured: Measured, load_id: int, as_of_at: datetime, *, is_first: bool
) -> None:
    """Adds values, and before them the runs and metrics that no earlier value has.

    Files are read in the order of their places. Runs are numbered in that order, metrics in that of the first run that has them,
    so that the numbers do not depend on how many files are read at once.
    """
    runs, metrics, values = measured
    if values.is_empty():
        return
    used = runs.with_row_index("run_no").filter(pl.col("run_no").is_in(values["run_no"].unique().implode()))
    run_keys = _keys(con, "history.runs", "run", used.sort(*_PLACE, *runs.columns), load_id, is_first)
    values = values.join(run_keys, on="run_no", maintain_order="left")
    first = values.group_by("metric_no").agg(pl.col("run_key").min().alias("first_key"))
    used = metrics.with_row_index("metric_no").join(first, on="metric_no").sort("first_key", *metrics.columns)
    metric_keys = _keys(con, "history.metrics", "metric", used.drop("first_key"), load_id, False)
    values = values.join(metric_keys, on="metric_no", maintain_order="left")
    con.register("opened", values.select("run_key", "metric_key", "score_raw", "stderr_raw"))
    con.execute(
        "insert into history.measurements select *, $load, null, $at, null from opened",
        {"at": as_of_at, "load": load_id},
    )
    con.unregister("opened")


def _keys(
    con: duckdb.DuckDBPyConnection, table: str, of: str, rows: pl.DataFrame, load_id: int, are_new: bool
) -> pl.DataFrame:
    """The key of each row, by its number. Rows that the table lacks are added to it, in their order; `are_new` says that it lacks
    all."""
    number, *columns = rows.columns
    key = f"{of}_key"
    keys = rows.select(number, pl.lit(None, pl.Int64).alias(key)) if are_new else _known(con, table, key, rows)
    last = load_id * KEYS_OF_LOAD
    [(last,)] = con.execute(f"select coalesce(max({key}), {last}) from {table} where {key} > {last}").fetchall()
    is_new = keys[key].is_null()
    if is_new.any():
        keys = keys.with_columns(pl.coalesce(key, last + is_new.cum_sum().cast(pl.Int64)))
        con.register("new_rows", rows.select(keys[key], *columns).filter(is_new))
        con.execute(f"insert into {table} select * from new_rows")
        con.unregister("new_rows")
    return keys


def _known(con: duckdb.DuckDBPyConnection, table: str, key: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The number of each row and its key in the table, null if it is not there, in their order."""
    number, *columns = rows.columns
    con.register("used_rows", rows.with_row_index("place"))
    is_same = " and ".join(f"t.{column} is not distinct from u.{column}" for column in columns)
    keys: pl.DataFrame = con.sql(
        f"select u.{number}, min(t.{key}) as {key} from used_rows as u left join {table} as t on {is_same}"
        f" group by u.place, u.{number} order by u.place"
    ).pl()
    con.unregister("used_rows")
    return keys
