"""Days as people name them on the command line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

FORMS = "YYYY-MM-DD, today or yesterday"
_DAYS_AGO = {"today": 0, "yesterday": 1}


def named_day(text: str) -> date:
    """The day that a text names in one of FORMS; today is the day in UTC. Raises ValueError for other text."""
    days_ago = _DAYS_AGO.get(text.strip().lower())
    if days_ago is None:
        return date.fromisoformat(text)
    return datetime.now(UTC).date() - timedelta(days=days_ago)
