"""Days as people name them on the command line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from leaderboard_etl.errors import UsageError

FORMS = "YYYY-MM-DD, today or yesterday"
_DAYS_AGO = {"today": 0, "yesterday": 1}


def named_day(text: str) -> date:
    """The day that a text names in one of FORMS; today is the day in UTC. Raises UsageError for other text."""
    days_ago = _DAYS_AGO.get(text.strip().lower())
    if days_ago is not None:
        return datetime.now(UTC).date() - timedelta(days=days_ago)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a day: {FORMS}") from None
