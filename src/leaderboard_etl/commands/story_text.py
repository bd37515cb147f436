"""The rows of `explain` as people read them: counts, percents, places by number, and what many snapshots repeat only once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leaderboard_etl.commands.display import plain

_UNITS = {"percent": " %", "points_10": " of 10"}
# What may differ between rows that state the same.
_APART = ("chosen", "used", "because", "file", "place", "link")


def readable(rows: Sequence[dict[str, Any]], seen: dict[str, int]) -> list[dict[str, Any]]:
    """Rows that state the same as one row, with `from`: the number of its file in `seen`, which grows, the place in that file,
    the number of its link, and how many other rows state the same. Rows without a place stay as they are."""
    alike: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        alike.setdefault(repr([value for name, value in row.items() if name not in _APART]), []).append(row)
    return [_told(same[0], len(same) - 1, seen) for same in alike.values()]


def counted(value: object) -> str:
    """A fact as text: yes or no, numbers with thousands separated."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else plain(value)


def _told(row: dict[str, Any], n_more: int, seen: dict[str, int]) -> dict[str, Any]:
    rounded = {name: round(row[name], 2) for name in ("pct", "norm_pct") if row.get(name) is not None}
    if row.get("params") is not None:
        rounded["params"] = counted(row["params"])
    if "unit" in row:
        rounded["raw"] = f"{plain(row['raw'])}{_UNITS.get(row['unit'], '')}"
    if row.get("because") and not row["because"].startswith("first of"):
        rounded["because"] = None
    columns = {name: value for name, value in (row | rounded).items() if name not in ("unit", "file", "place", "link")}
    if "place" not in row:
        return columns
    file = row.get("file") or row["place"]
    parts = [_number(file, seen), row["place"].removeprefix(file).strip()]
    if row.get("link"):
        parts.append(_number(row["link"], seen))
    if n_more:
        parts.append(f"and {n_more} alike")
    return columns | {"from": " ".join(part for part in parts if part)}


def _number(text: str, seen: dict[str, int]) -> str:
    return f"[{seen.setdefault(text, len(seen) + 1)}]"
