"""The settings that scores were made with, in order: which of several is the highest."""

from __future__ import annotations

import re

import polars as pl

from leaderboard_etl.sources.shared.settings import NO_SETTING

_UNKNOWN_RANK = -1
_BUDGET = re.compile(r"\b(\d+) ?k\b", re.IGNORECASE)
_TOOLS = re.compile(r"\btools?\b", re.IGNORECASE)
_NO_TOOLS = re.compile(r"\b(no|without|w/o) tools?( use)?\b", re.IGNORECASE)


def ranked_settings(settings: pl.Series, policy: pl.DataFrame) -> pl.DataFrame:
    """One row per setting with the columns of core.settings; 'n/a' has none.

    policy: rows of policy/settings.csv, of which the first whose pattern matches the setting gives the effort."""
    ranks = [(re.compile(pattern), int(rank)) for pattern, rank in policy["setting_pattern", "effort_rank"].iter_rows()]
    rows = [(setting, *_ranked(setting, ranks)) for setting in settings if setting != NO_SETTING]
    schema = {"setting": pl.String, "effort_rank": pl.Int32, "budget_tokens": pl.Int64, "has_tools": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _ranked(setting: str, ranks: list[tuple[re.Pattern[str], int]]) -> tuple[int, int, bool]:
    budget = _BUDGET.search(setting)
    return (
        next((rank for pattern, rank in ranks if pattern.search(setting)), _UNKNOWN_RANK),
        1000 * int(budget[1]) if budget else 0,
        _TOOLS.search(_NO_TOOLS.sub("", setting)) is not None,
    )
