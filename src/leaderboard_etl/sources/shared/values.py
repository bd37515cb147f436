"""Single values from strangers' files: numbers, texts, moments and links, or null if they are something else."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from leaderboard_etl.sources.shared.front_matter import printable

_MOST_DIGITS = 40
# A day with month and day without leading zeros; the year comes first, so the order is certain.
_DAY = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_DEVIATIONS = frozenset(
    {"std", "stdev", "std_dev", "stddev", "stderr", "std_err", "standard_error", "deviation", "ci", "ci95"}
)
_MEASURED = re.compile(
    r"(?P<value>[+-]?\d{1,20}(?:[.,]\d{1,30})?(?:[eE][+-]?\d{1,3})?)\s?%?"
    r"(?:\s?(?:±|\+/-|\+-)\s?(?P<deviation>\d{1,20}(?:[.,]\d{1,30})?)\s?%?)?"
)
# Three digits after a comma may be thousands, unless only a zero precedes it.
_DECIMAL_COMMA = re.compile(r"(?<=^0),(?=\d+$)|(?<=\d),(?=\d{1,2}$)")
_SEVERAL_TRIES = re.compile(
    r"(?:pass\s?(?:@|_at_|\^)\s?|(?:maj|majority|cons|consensus|vote|best|bon|rm|sc)\d*\s?@\s?|best[- ]of[- ])(?!1(?!\d))\d"
    r"|majority[- _]vot|self[- _]consistency",
    re.IGNORECASE,
)
_DEVIATION = re.compile(r"std[_ ]?err|standard[_ ]error|std[_ ]?dev|\bstd\b|deviation|variance", re.IGNORECASE)


@dataclass(frozen=True)
class Measured:
    """A figure as somebody wrote it: its value, whether a percent sign follows it, and the deviation beside it, as
    written (empty: none)."""

    value: float
    has_percent: bool = False
    deviation: str = ""


def measured(value: object) -> Measured | None:
    """The single figure in a value of a stranger's file: a number, a text of one, a list that holds nothing else, or a mapping
    of a mean and its deviation; null for anything else. A comma is a decimal comma if it cannot separate thousands."""
    if isinstance(value, list):
        return measured(value[0]) if len(value) == 1 and not isinstance(value[0], list | dict) else None
    if isinstance(value, dict):
        deviations = [f"{name} {parsed}"[:_MOST_DIGITS] for name, parsed in value.items() if name in _DEVIATIONS]
        mean = measured(value.get("mean")) if "mean" in value and len(deviations) + 1 == len(value) else None
        return mean and Measured(mean.value, mean.has_percent, ", ".join(deviations))
    if not isinstance(value, str):
        parsed = number(value)
        return None if parsed is None else Measured(parsed)
    match = _MEASURED.fullmatch(value.strip()) if len(value) <= 2 * _MOST_DIGITS else None
    parsed = number(_DECIMAL_COMMA.sub(".", match["value"])) if match else None
    if match is None or parsed is None:
        return None
    deviation = match["deviation"]
    return Measured(parsed, "%" in value, f"± {deviation}" if deviation else "")


def number(value: object) -> float | None:
    """A number, or a text that is one, with or without a percent sign; null for anything else, infinity and nan included."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            converted = float(value)
        except OverflowError:
            return None
        return converted if math.isfinite(converted) else None
    if not isinstance(value, str) or len(value) > _MOST_DIGITS:
        return None
    match = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*%?\s*", value)
    parsed = float(match[1]) if match else None
    return parsed if parsed is not None and math.isfinite(parsed) else None


def is_of_several_tries(words: str) -> bool:
    """Whether words say that a figure is from several tries at each question, or a vote among them, which is another metric."""
    return _SEVERAL_TRIES.search(words) is not None


def is_deviation(metric: str) -> bool:
    """Whether a metric's name says that it is the error of a figure, not a figure."""
    return _DEVIATION.search(metric) is not None


def is_lfs_pointer(content: bytes) -> bool:
    """Whether a file is only a git-LFS pointer, committed instead of its content
    (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""
    return content.startswith(b"version https://git-lfs.github.com/spec/")


def shortened(name: str, most: int) -> str:
    """A name of at most `most` characters; a longer one ends in a hash of the whole, so that two names stay different."""
    if len(name) <= most:
        return name
    return f"{name[: most - 13]}~{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:12]}"


def text(value: object) -> str | None:
    """A text without outer blanks; null for blank texts and anything else."""
    return printable(value) if isinstance(value, str) and value.strip() else None


def mapping(value: object) -> Mapping[str, Any]:
    """`value` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def web_link(value: object) -> str | None:
    """A link that a browser could open; null for anything else."""
    address = text(value)
    return address if address and re.match(r"https?://\S{1,400}$", address) else None


def moment(value: object) -> datetime | None:
    """A date or time of ISO 8601 in UTC, without a zone; one without a zone is taken as UTC. Null for anything else, and
    for times that no calendar has in UTC."""
    written = text(value)
    if written is None:
        return None
    if day := _DAY.fullmatch(written):
        written = f"{day[1]}-{day[2]:0>2}-{day[3]:0>2}"
    try:
        parsed = datetime.fromisoformat(written)
        return parsed.astimezone(UTC).replace(tzinfo=None) if parsed.tzinfo else parsed
    except (ValueError, OverflowError):
        return None


def json_value(raw: bytes) -> object:
    """The value of a JSON text, with NaN and Infinity, which the harness writes, and without half characters, which no frame
    can hold. Raises ValueError, also for a text that is nested too deeply."""
    try:
        # From bytes, the library would accept half characters.
        loaded: object = json.loads(raw.decode(json.detect_encoding(raw)))
        if b"\\ud" in raw.lower():
            loaded = json.loads(json.dumps(loaded, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return loaded
