"""Compares the row counts recorded in a published file with its tables, to detect rows that something else added or
removed."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from leaderboard_etl.contracts.schema import Relation, tables, wide_views


@dataclass(frozen=True)
class Entry:
    """The counts of one load and source: those recorded in ops.load_sources, and those of the tables."""

    load_id: int
    source_id: str
    files_changed: int
    files_gone: int
    n_files: int
    rows_added: int
    n_opened: int
    rows_closed: int
    n_closed: int

    @property
    def fault(self) -> str | None:
        """What disagrees, as a sentence part; null if all counts agree."""
        wrong = []
        if self.n_files != self.files_changed:
            wrong.append(f"{self.n_files} rows of raw.files for {self.files_changed} files")
        if (self.n_opened, self.n_closed) != (self.rows_added, self.rows_closed):
            wrong.append(
                f"{self.n_opened} rows opened and {self.n_closed} closed, where its books say {self.rows_added} and"
                f" {self.rows_closed}"
            )
        return "; ".join(wrong) or None


def entries(con: duckdb.DuckDBPyConnection) -> list[Entry]:
    """The counts of every load and source. Raises duckdb.Error if the file cannot be read or lacks a table."""
    histories = [
        relation.name
        for relation in (*tables().values(), *wide_views().values())
        if relation.schema == "history" and _has_recorded_counts(relation)
    ]
    opened, closed = (
        " union all ".join(f"select {column} as load_id, source_id from {name}" for name in histories)
        for column in ("load_id", "closed_load_id")
    )
    rows = con.execute(
        f"""
        with opened as (select load_id, source_id, count(*) as n from ({opened}) group by all),
        closed as (select load_id, source_id, count(*) as n from ({closed}) where load_id is not null group by all),
        files as (select first_load_id as load_id, source_id, count(*) as n from raw.files group by all)

        select
            s.load_id, s.source_id, s.files_changed, s.files_gone, coalesce(files.n, 0) as n_files,
            s.rows_added, coalesce(opened.n, 0) as n_opened, s.rows_closed, coalesce(closed.n, 0) as n_closed
        from ops.load_sources as s
        left join opened using (load_id, source_id)
        left join closed using (load_id, source_id)
        left join files using (load_id, source_id)
        order by all
        """
    ).fetchall()
    return [Entry(*row) for row in rows]


def first_fault(con: duckdb.DuckDBPyConnection) -> str | None:
    """The first load and source whose recorded counts disagree with the tables; null if all agree. Raises
    duckdb.Error."""
    disagreeing = next((entry for entry in entries(con) if entry.fault), None)
    return None if disagreeing is None else f"load {disagreeing.load_id}, {disagreeing.source_id}: {disagreeing.fault}"


def _has_recorded_counts(relation: Relation) -> bool:
    columns = {column.name for column in relation.columns}
    return {"source_id", "load_id", "closed_load_id"} <= columns
