"""article.json: every number that the article can print, under the name by which its text refers to it."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from leaderboard_etl.export.manifest import dumped
from leaderboard_etl.export.tables import number
from leaderboard_etl.printable import json_visible

ARTICLE = "article.json"
_TOLD = ("unit", "lo", "hi", "on_date", "about", "source_url", "claim_id")


def article_json(con: duckdb.DuckDBPyConnection, day: date) -> bytes:
    """The rows of mart.article_numbers as `numbers`, nested by the parts of their names, and `about`, by whole name.

    A number that is not measurable is null.
    """
    numbers: dict[str, Any] = {}
    about: dict[str, dict[str, Any]] = {}
    for row in con.sql("from mart.article_numbers order by number_id").pl().iter_rows(named=True):
        *above, name = row["number_id"].split(".")
        level = numbers
        for part in above:
            level = level.setdefault(part, {})
        level[name] = _rounded(row["number_id"], row["value"])
        about[row["number_id"]] = {
            key: _rounded(row["number_id"], value) if isinstance(value, float) else value
            for key, value in ((key, row[key]) for key in _TOLD)
            if value is not None
        }
    return json_visible(dumped({"as_of": day.isoformat(), "numbers": numbers, "about": about}).decode("utf-8")).encode(
        "utf-8"
    )


def _rounded(name: str, value: float | None) -> float | int | None:
    """As many decimals as the same column has in the CSV files; a whole number is one."""
    if value is None:
        return None
    rounded = float(number(name.rpartition(".")[2], value))
    return int(rounded) if rounded.is_integer() else rounded
