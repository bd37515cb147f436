"""Makes the rows of `explain` readable: counts and percentages as text, numbered places, and equal rows only once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leaderboard_etl.commands.display import plain
from leaderboard_etl.sizes import size_method

_UNITS = {"percent": " %", "points_10": " of 10"}
# Columns that are left out where no row states one.
_ONLY_IF_STATED = ("named", "setting", "withdrawn_on", "withdrawn_url")
# Columns that may differ between rows that state the same.
_NOT_COMPARED = ("chosen", "used", "because", "file", "place", "link")
_TITLE = "Files (repository@commit and path) and links; rows of a file count from 0, its lines from 1"


def readable(
    rows: Sequence[dict[str, Any]], references: dict[str, int], most: int | None = None
) -> list[dict[str, Any]]:
    """Merges rows that state the same into one row with a column `from`; the first `most` of these, null: all.

    `from` has the number of the row's file in `references`, which grows, the place in that file, the number of its
    link, and how many other rows state the same. Rows without a place stay as they are.
    """
    equal_rows: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        equal_rows.setdefault(repr([value for name, value in row.items() if name not in _NOT_COMPARED]), []).append(row)
    told = [_as_text(same[0], len(same) - 1, references) for same in list(equal_rows.values())[:most]]
    empty = {name for name in _ONLY_IF_STATED if all(row.get(name) is None for row in told)}
    return [{name: value for name, value in row.items() if name not in empty} for row in told]


def print_references(references: dict[str, int], title: str = _TITLE) -> None:
    """Prints what numbers stand for, such as the files and links of `from`, if there are any."""
    if not references:
        return
    print(f"\n{title}")
    for text, number in references.items():
        print(f"  [{number}] {plain(text)}")


def counted(value: object) -> str:
    """A fact as text: yes or no; numbers with thousands separators."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else plain(value)


def _as_text(row: dict[str, Any], n_more: int, references: dict[str, int]) -> dict[str, Any]:
    rounded = {name: round(row[name], 2) for name in ("pct", "norm_pct") if row.get(name) is not None}
    if row.get("params") is not None:
        rounded["params"] = counted(row["params"])
    if "params" in row:
        rounded["method"] = size_method(row["method"])
    if "unit" in row:
        rounded["raw"] = f"{plain(row['raw'])}{_UNITS.get(row['unit'], '')}"
    columns = {name: value for name, value in (row | rounded).items() if name not in ("unit", "file", "place", "link")}
    if "place" not in row:
        return columns
    return columns | {"from": place_of(row, references, n_more)}


def place_of(row: dict[str, Any], references: dict[str, int], n_more: int = 0) -> str:
    """Where a row is from: the number of its file in `references`, the place in the file, the number of a link that is no page of
    the file, and how many others equal it. The page of a file stands beside it in `references`."""
    file, link = row.get("file") or row["place"], row.get("link")
    is_page = link is not None and is_page_of(link, file)
    parts = [numbered(f"{file}  {link}" if is_page else file, references), row["place"].removeprefix(file).strip()]
    if link and not is_page:
        parts.append(numbered(link, references))
    if n_more:
        parts.append(f"and {n_more} equal")
    return " ".join(part for part in parts if part)


def is_page_of(link: str, file: str) -> bool:
    """Whether a link is the page of a file, which is written as repository@commit and path."""
    repo, _, rest = file.partition("@")
    commit, _, path = rest.partition(" ")
    return f"/{repo}/" in link and f"/{commit}" in link and link.endswith(f"/{path}")


def numbered(text: str, references: dict[str, int]) -> str:
    """The number of a text in `references`, which grows, in brackets."""
    return f"[{references.setdefault(text, len(references) + 1)}]"
