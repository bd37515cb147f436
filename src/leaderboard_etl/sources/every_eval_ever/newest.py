"""One statement out of the records that repeat it.

Adapters run daily and put the time of retrieval into a record's name, so that the same figure arrives in one file after
another. The newest record says what is so; the statement stands in the oldest file since which it has not changed, so that
a repetition changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

Row = dict[str, Any]
# Who states what of which model; rows of models have no run.
_KEY = ("source_name", "precision", "run_id")
# Where and when it was stated.
_PLACE = ("path", "revision", "blob_id", "locator", "retrieved_s")


def newest_statements(rows: Iterable[Row], *key: str) -> Sequence[Row]:
    """One row a key, and any others that were retrieved at the same time as the newest: they contradict each other, which is
    not settled here. The rows are without `retrieved_s`."""

    def of(row: Row) -> tuple[str, ...]:
        return tuple(str(row.get(name, "")) for name in (*_KEY, *key))

    found: list[Row] = []
    for _, same in groupby(sorted(rows, key=lambda row: (of(row), -row["retrieved_s"], row["path"])), key=of):
        told = list(same)
        last = [row for row in told if row["retrieved_s"] == told[0]["retrieved_s"]]
        found += [_oldest(last[0], told[len(last) :]) if len(last) == 1 else row for row in last]
    return [{name: value for name, value in row.items() if name != "retrieved_s"} for row in found]


def _oldest(newest: Row, older: Iterable[Row]) -> Row:
    """The first row of those without a break before the newest that say the same."""
    first = newest
    for row in older:
        if _said(row) != _said(newest):
            break
        first = row
    return first


def _said(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _PLACE}
