"""The tables and columns that others may build on: those of core and mart, listed in sql/public.csv (docs/stability.md)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache

from leaderboard_etl.settings import resource

PUBLIC_SCHEMAS = ("core", "mart")


@dataclass(frozen=True)
class PublicColumn:
    """A column that others may read, and its type in SQL. `since` is the public version that first has it. `now` is what to read
    instead of a name that is kept for those who know it, and `kept_until` the last day on which it stays; null: the name is
    the present one."""

    relation: str
    column: str
    sql_type: str
    since: int
    now: str | None
    kept_until: date | None


@cache
def public_columns() -> tuple[PublicColumn, ...]:
    """All of them, as sql/public.csv lists them."""
    with (resource("sql") / "public.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            PublicColumn(
                row["relation"],
                row["column"],
                row["type"],
                int(row["since"]),
                row["now"] or None,
                date.fromisoformat(row["kept_until"]) if row["kept_until"] else None,
            )
            for row in csv.DictReader(file)
        )


def public_version() -> int:
    """The version of what is public: it rises by one with each change that adds to it."""
    return max(column.since for column in public_columns())
