"""Numbers as an article prints them: reading one, and writing another in the same form."""

from __future__ import annotations

import re

_PRINTED = re.compile(r"(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)\s*(?:(?P<scale>k|thousand|m|million)\b)?", re.IGNORECASE)
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}
# The share of a number by which a printed one may differ, where its last digit allows less.
_LEEWAY = 0.01


def printed_value(text: str) -> float:
    """The number that a text begins with. Raises ValueError if there is none."""
    match = _PRINTED.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} does not begin with a number")
    return float(match["digits"].replace(",", "")) * _scale(match)


def half_digit(text: str) -> float:
    """Half a unit of the last digit of a printed number."""
    match = _PRINTED.match(text.strip())
    decimals = len(match["digits"].partition(".")[2]) if match else 0
    return 0.5 * 10.0**-decimals * (_scale(match) if match and decimals else 1)


def tolerance(text: str) -> float:
    """How far from the printed number another still agrees: half a unit of its last decimal, or one percent."""
    return max(half_digit(text) if "." in text else 0, _LEEWAY * abs(printed_value(text)))


def written_like(text: str, value: float) -> str:
    """A value in the form of a printed number: as many decimals, the same scale and separators."""
    match = _PRINTED.match(text.strip())
    if match is None:
        return f"{value:g}"
    decimals = len(match["digits"].partition(".")[2])
    separator = "," if "," in match["digits"] or (value >= 10_000 and not match["scale"]) else ""
    digits = f"{value / _scale(match):{separator}.{decimals}f}"
    return digits + text.strip()[match.end("digits") : match.end()]


def _scale(match: re.Match[str]) -> float:
    return _SCALES.get((match["scale"] or "").lower(), 1)
