"""Whether a release date that others state agrees with the name of its model."""

from __future__ import annotations

import re
from datetime import date, timedelta

_NEAR = timedelta(days=60)
_FULL_DATE = re.compile(r"(?<!\d)(20\d\d)-?(0[1-9]|1[0-2])-?([0-2]\d|3[01])(?!\d)")
_SHORT_DATE = re.compile(r"[-@](\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])$")
_PAIR = re.compile(r"[-_](\d\d)-?(\d\d)(?:[-_]|$)")


def agrees_with_name(day: date, name: str) -> bool | None:
    """Whether a date agrees with the one in the name of its model, give or take two months; null if the name has none.

    Two pairs of digits may be month and day, month and year, or year and month: `0125` is 25 January or January 2025.
    """
    if full := _FULL_DATE.search(name) or _SHORT_DATE.search(name):
        year = int(full[1]) if len(full[1]) == 4 else 2000 + int(full[1])
        return _is_near(day, year, int(full[2]), int(full[3]))
    pair = _PAIR.search(name)
    if pair is None:
        return None
    first, second = int(pair[1]), int(pair[2])
    readings = [
        *[(2000 + first, second, 15)] * (first >= 20 and 1 <= second <= 12),
        *[(2000 + second, first, 15)] * (second >= 20 and 1 <= first <= 12),
        *[(day.year, first, second)] * (1 <= first <= 12 and 1 <= second <= 31),
    ]
    return any(_is_near(day, *reading) for reading in readings) if readings else None


def _is_near(day: date, year: int, month: int, of_month: int) -> bool:
    try:
        return abs(day - date(year, month, min(of_month, 28))) <= _NEAR
    except ValueError:
        return False
