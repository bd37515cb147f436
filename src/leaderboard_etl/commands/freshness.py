"""What `status` prints about each source and the folder, from the ledger and the file system only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from leaderboard_etl.raw.ledger import NOT_ASKED, Load

_RUN_INTERVAL = timedelta(hours=24)


def source_rows(loads: Sequence[Load]) -> list[dict[str, Any]]:
    """One row per source: its state in the newest run, when it last answered, and when it last had news; UTC, null if
    never. A source that never had any news is not `unchanged`: it is `not there`, or `not asked`."""
    rows: dict[str, dict[str, Any]] = {}
    for load in loads:
        for entry in load.sources:
            row = rows.setdefault(entry.source_id, {"source": entry.source_id, "answered_at": None, "news_at": None})
            is_asked = entry.message != NOT_ASKED
            if entry.state != "failed" and load.status != "failed" and is_asked:
                row["answered_at"] = load.as_of()
            if entry.changes_blob and load.is_applied:
                row["news_at"] = load.as_of()
            never = "not there" if is_asked else "not asked"
            row["state"] = never if entry.state == "unchanged" and row["news_at"] is None else entry.state
    return [rows[source_id] for source_id in sorted(rows)]


def next_expected_at(loads: Sequence[Load]) -> datetime | None:
    """A day after the newest run began, UTC; null if there was no run."""
    return max(load.as_of() for load in loads) + _RUN_INTERVAL if loads else None


def folder_bytes(folder: Path) -> int:
    """The total size of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def age(moment: datetime | None) -> str:
    """How long ago a moment was: in hours, from two days on in days."""
    if moment is None:
        return "never"
    hours = int((datetime.now(UTC).replace(tzinfo=None) - moment).total_seconds() // 3600)
    return f"{hours} h ago" if hours < 48 else f"{hours // 24} days ago"
