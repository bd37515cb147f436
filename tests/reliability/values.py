"""The content of a warehouse, independent of the number of loads that led to it."""

from __future__ import annotations

from pathlib import Path

import duckdb


def values(database: Path) -> dict[str, tuple[int, int]]:
    """The count and content hash of every table of raw, history and core without load ids, because failed runs have ids
    too."""
    with duckdb.connect(str(database), read_only=True) as con:
        tables = con.execute(
            "select schema_name || '.' || table_name, string_agg(column_name, ', ' order by column_index)"
            " from duckdb_columns() where schema_name in ('raw', 'history', 'core') and column_name not like '%load_id'"
            " group by all order by all"
        ).fetchall()
        return {
            name: con.execute(
                f"select count(*), sum(hash(t)::hugeint) from (select {columns} from {name}) as t"
            ).fetchall()[0]
            for name, columns in tables
        }
