"""Checks this machine's clock. A run dates its loads by this clock and no later load may have an earlier date, so one
night dated in the far future would spoil all later dates. A clock that is ahead of the Hub's clock and of the last load
is refused; a clock that is behind does no harm."""

from __future__ import annotations

from datetime import datetime, timedelta

from leaderboard_etl.errors import WarehouseError

_MOST_AHEAD = timedelta(days=1)


class WrongClockError(WarehouseError):
    """This machine's clock is far ahead: the run would date its load in the future."""


def expect_right_clock(started_at: datetime, hub_at: datetime | None, last_load_at: datetime | None) -> None:
    """Raises WrongClockError if a run started more than a day after both the Hub's time and the last load; all in naive
    UTC.

    If the Hub's time is unknown (null) nothing is refused: the last load may simply be old.
    """
    latest_at = None if hub_at is None else max(hub_at, last_load_at or hub_at)
    if is_ahead(started_at, latest_at):
        raise WrongClockError(
            f"this machine's clock says {started_at:%Y-%m-%d %H:%M} UTC, the Hub {hub_at:%Y-%m-%d %H:%M}: loads would be dated"
            " in the future; set the clock and run again"
        )


def is_ahead(moment: datetime, latest_at: datetime | None) -> bool:
    """Whether a moment lies more than a day after the latest one that is sure; never if none is sure (null)."""
    return latest_at is not None and moment > latest_at + _MOST_AHEAD
