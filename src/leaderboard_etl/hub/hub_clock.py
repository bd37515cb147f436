"""The time on the Hub, by the Date header of its answers."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


class HubClock:
    """The newest Date of any answer, as naive UTC; null before the first answer with a valid one."""

    def __init__(self) -> None:
        self.newest_at: datetime | None = None

    def hear(self, date_header: str | None) -> None:
        """Takes the Date header of one answer into account."""
        try:
            sent_at = parsedate_to_datetime(date_header or "").astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            return
        self.newest_at = max(self.newest_at or sent_at, sent_at)
