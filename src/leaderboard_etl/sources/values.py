"""Single values out of strangers' files: numbers, texts and links, or null where they are none."""

from __future__ import annotations

import math
import re

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
