"""The values that a closed column holds and its comment does not name."""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard_etl.contracts.schema import Relation


def stray_values(relations: Iterable[Relation]) -> str:
    """A query for the values in closed columns of the relations that are not listed there.

    One row per column and value: "table", "column", value, n_rows. Null is listed wherever a column may be null.
    """
    # One aggregation over all columns: to plan and to parse one for each takes longer than to read the columns.
    strays = [
        f"select '{relation.name}', '{column.name}', {column.name} from {relation.name}"
        f" where {column.name} not in ({', '.join(map(_quoted, column.allowed))})"
        for relation in relations
        for column in relation.columns
        if column.allowed
    ]
    rows = "\nunion all\n".join(strays)
    return f'select *, count(*) as n_rows from ({rows}) as stray("table", "column", value) group by all order by all'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
