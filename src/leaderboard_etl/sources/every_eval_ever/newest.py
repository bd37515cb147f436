"""One statement out of the records that repeat it.

Adapters run daily and put the time of retrieval into a record's name, so that the same figure arrives in one file after
another. The newest record decides what holds; its place is the oldest file since which it has not changed, so that a
repetition changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

Row = dict[str, Any]
# What identifies a statement; rows of models have no run.
_KEY = ("source_name", "precision", "run_id")
# Where and when it was stated.
_PLACE = ("path", "revision", "blob_id", "locator", "retrieved_s", "priced_on")


def newest_statements(rows: Iterable[Row], *key: str) -> Sequence[Row]:
    """One row per key; several if they were retrieved at the same time as the newest: they contradict each other, and this
    function does not choose. The rows are without `retrieved_s`."""

    def of(row: Row) -> tuple[str, ...]:
        return _key_of(row, *key)

    newest: list[Row] = []
    for _, same in groupby(sorted(rows, key=lambda row: (of(row), -row["retrieved_s"], row["path"])), key=of):
        repeats = list(same)
        last = [row for row in repeats if row["retrieved_s"] == repeats[0]["retrieved_s"]]
        newest += [_oldest(last[0], repeats[len(last) :]) if len(last) == 1 else row for row in last]
    return [_without_retrieval(row) for row in newest]


def each_change(rows: Iterable[Row]) -> Sequence[Row]:
    """The rows that say something else than the one before of the same key: what held from which day. Of one day the last
    counts. The rows are without `retrieved_s`."""
    changes: list[Row] = []
    for _, same in groupby(sorted(rows, key=lambda row: (_key_of(row), row["retrieved_s"], row["path"])), key=_key_of):
        last_of_days = list({row["priced_on"]: row for row in same}.values())
        changes += [
            row
            for before, row in zip([None, *last_of_days], last_of_days, strict=False)
            if before is None or _content(before) != _content(row)
        ]
    return [_without_retrieval(row) for row in changes]


def _key_of(row: Row, *more: str) -> tuple[str, ...]:
    return tuple(str(row.get(name, "")) for name in (*_KEY, *more))


def _without_retrieval(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "retrieved_s"}


def _oldest(newest: Row, older: Iterable[Row]) -> Row:
    """The oldest row of the unbroken series up to the newest that says the same."""
    first = newest
    for row in older:
        if _content(row) != _content(newest):
            break
        first = row
    return first


def _content(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in _PLACE}
