"""The values that a closed column holds and its comment does not name."""

from __future__ import annotations

from collections.abc import Iterable

from leaderboard_etl.contracts.schema import Relation


def stray_values(relations: Iterable[Relation]) -> str:
    """A query for the values in closed columns of the relations that are not listed there.

    One row per column and value: "table", "column", value, n_rows. Null is listed wherever a column may be null.
    """
    questions = [
        f"select '{relation.name}' as \"table\", '{column.name}' as \"column\", {column.name} as value, count(*) as n_rows"
        f" from {relation.name} where {column.name} not in ({', '.join(map(_quoted, column.allowed))}) group by all"
        for relation in relations
        for column in relation.columns
        if column.allowed
    ]
    return "\nunion all\n".join(questions)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
