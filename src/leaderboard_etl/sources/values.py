"""Single values out of strangers' files: numbers, texts, moments and links, or null where they are none."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime

from leaderboard_etl.sources.front_matter import printable

_MOST_DIGITS = 40


def number(value: object) -> float | None:
    """A number, or a text that is one, with or without a percent sign; null for anything else, infinity and nan included."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            found = float(value)
        except OverflowError:
            return None
        return found if math.isfinite(found) else None
    if not isinstance(value, str) or len(value) > _MOST_DIGITS:
        return None
    match = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*%?\s*", value)
    parsed = float(match[1]) if match else None
    return parsed if parsed is not None and math.isfinite(parsed) else None


def text(value: object) -> str | None:
    """A text without outer blanks; null for blank texts and anything else."""
    return printable(value) if isinstance(value, str) and value.strip() else None


def web_link(value: object) -> str | None:
    """A link that a browser could open; null for anything else."""
    found = text(value)
    return found if found and re.match(r"https?://\S{1,400}$", found) else None


def moment(value: object) -> datetime | None:
    """A date or time of ISO 8601 in UTC, without a zone; one that names none is taken as UTC. Null for anything else, and
    for times that no calendar has in UTC."""
    stated = text(value)
    if stated is None:
        return None
    try:
        found = datetime.fromisoformat(stated)
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):
        return None


def json_value(raw: bytes) -> object:
    """What a JSON text says, with NaN and Infinity, which the harness writes, and without half characters, which no frame
    can hold. Raises ValueError, also for one that is nested too deeply."""
    try:
        loaded: object = json.loads(raw)
        if b"\\ud" in raw.lower():
            loaded = json.loads(json.dumps(loaded, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return loaded
