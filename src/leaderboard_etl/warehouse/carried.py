"""The tables that hold what sources stated and what runs did: what loads brought, and what was known at the end of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from leaderboard_etl.contracts.schema import tables

_CARRIED = ("raw", "history", "ops")
# Rows of history.measurements refer to theirs by key.
_KEYED = {"history.runs": "run_key", "history.metrics": "metric_key"}
# What a run says of itself, kept of the last one alone.
OF_THE_LAST_RUN = ("ops.build", "ops.check_results", "ops.analysis_inputs", "ops.replaced_rows")


def carried_tables() -> list[str]:
    """The tables that hold history: a new file copies them from the file before, and builds all others from them."""
    return [name for name, table in tables().items() if table.schema in _CARRIED and name not in OF_THE_LAST_RUN]


def copy_loads(con: duckdb.DuckDBPyConnection, catalog: str, load_ids: Sequence[int]) -> None:
    """Fills the empty raw, history and ops tables with what some loads of the attached `catalog` brought."""
    for name in carried_tables():
        key = _KEYED.get(name)
        if key is not None:
            of_loads = (
                f"{key} in (select {key} from {catalog}.history.measurements where list_contains($loads, load_id))"
            )
        else:
            of_loads = f"list_contains($loads, {'first_load_id' if name == 'raw.files' else 'load_id'})"
        con.execute(f"insert into {name} by name select * from {catalog}.{name} where {of_loads}", {"loads": load_ids})


def copy_until(con: duckdb.DuckDBPyConnection, catalog: str, at: datetime) -> None:
    """Fills the empty raw, history and ops tables with the content of the attached `catalog` after its last load at or
    before `at`."""
    for name in carried_tables():
        con.execute(f"insert into {name} {_until(name, catalog, at)}")


def copy_names_until(con: duckdb.DuckDBPyConnection, catalog: str, at: datetime, names: str) -> None:
    """The same for what history says of the names in a registered frame with source_id and source_name, and for policy."""
    for name, table in tables().items():
        if table.schema != "history":
            continue
        query = _until(name, catalog, at)
        if "source_name" in {column.name for column in table.columns}:
            query += f" and (source_id, source_name) in (from {names})"
        elif name == "history.measurements":  # runs come before: their names are those of the values
            query += " and run_key in (select run_key from history.runs)"
        con.execute(f"insert into {name} {query}")


def until_queries(catalog: str, at: datetime) -> dict[str, str]:
    """The same as a query for each table, by its name."""
    return {name: _until(name, catalog, at) for name in carried_tables()}


def _until(name: str, catalog: str, at: datetime) -> str:
    moment = f"timestamp '{at.isoformat(sep=' ')}'"
    loads = f"(select load_id from {catalog}.ops.loads where as_of_at <= {moment})"
    columns = {column.name for column in tables()[name].columns}
    if "valid_to" in columns:
        still_open = f"valid_to > {moment}"
        ended = f"case when {still_open} then null else closed_load_id end as closed_load_id"
        until = f"case when {still_open} then null else valid_to end as valid_to"
        return f"select * replace ({ended}, {until}) from {catalog}.{name} where valid_from <= {moment}"
    if name in _KEYED:
        key = _KEYED[name]
        measured = f"select {key} from {catalog}.history.measurements where valid_from <= {moment}"
        return f"select * from {catalog}.{name} where {key} in ({measured})"
    if name == "raw.files":
        last = f"case when last_load_id in {loads} then last_load_id end as last_load_id"
        return f"select * replace ({last}) from {catalog}.{name} where first_load_id in {loads}"
    return f"select * from {catalog}.{name} where load_id in {loads}"
