"""A run dates what it loads by this machine's clock, and no later load may be dated before it: one night in the far future
would date all that follow. So a clock that is ahead of every other sign of the time is refused; one set back does no harm."""

from __future__ import annotations

from datetime import datetime, timedelta

from leaderboard_etl.errors import WarehouseError

_MOST_AHEAD = timedelta(days=1)


def expect_right_clock(started_at: datetime, hub_at: datetime | None, last_load_at: datetime | None) -> None:
    """Raises WarehouseError where a run started more than a day after both the Hub's time and the last load; all in naive UTC.

    Without the Hub's time (null) nothing is refused: the warehouse may just not have been fed for long.
    """
    if hub_at is None:
        return
    latest_at = max(hub_at, last_load_at or hub_at)
    if started_at > latest_at + _MOST_AHEAD:
        raise WarehouseError(
            f"this machine's clock says {started_at:%Y-%m-%d %H:%M} UTC, the Hub {hub_at:%Y-%m-%d %H:%M}: loads would be dated"
            " in the future; set the clock and run again"
        )
