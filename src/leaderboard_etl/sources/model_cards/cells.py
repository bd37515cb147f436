"""The meaning of single cells of a benchmark table: a figure with its shots, a benchmark with its protocol, or nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

_MISSING = frozenset(
    {"", "n/a", "na", "n.a.", "nan", "?", "/", "x", "tbd", "tbc", "none", "null", "unknown", "❌", "..."}
)
_FIGURE = re.compile(
    r"(?P<value>[+-]?\d{1,3}(?:\.\d{1,12})?) ?(?P<percent>%)?"
    r"(?: ?(?:±|\+/-) ?(?P<stderr>\d{1,3}(?:\.\d{1,12})?) ?%?)?"
    r"(?: ?\(?(?P<shots>\d{1,3})[- ]shots?\)?)?(?: ?pass@1)?",
    re.IGNORECASE,
)
_SHOTS = re.compile(r"\b(\d{1,3})[- ]?shots?\b")
# Words for the metric by which benchmarks in such tables are scored anyway.
_METRIC = re.compile(
    r"\(?\b(?:em|acc|accuracy|pass@1|macro[ _]avg/\w+|exact[ _]match|acc_char|acc_norm|higher is better)\b\)?|\(?(?:in )?%\)?"
)
_MOST_LABEL = 120
# Most cells are read several times, and cards repeat each other's tables.
_REMEMBERED = 1 << 14


@dataclass(frozen=True)
class Figure:
    """A number as written. `shots` and `stderr` are null if the cell does not state them."""

    value: float
    has_percent: bool
    shots: int | None
    stderr: float | None


@dataclass(frozen=True)
class Line:
    """The texts of cells whose figures must be in one unit. They are examined once for all cells that need the unit."""

    texts: Sequence[str]

    @cached_property
    def figures(self) -> tuple[bool, float]:
        """(whether one has a percent sign, the greatest); minus infinity without a figure."""
        figures = [parsed for text in self.texts if (parsed := figure(text))]
        return any(parsed.has_percent for parsed in figures), max(
            (parsed.value for parsed in figures), default=-math.inf
        )


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no figure."""
    return text.lower() in _MISSING or not text.strip("-–—_*~ .")


@lru_cache(_REMEMBERED)
def figure(text: str) -> Figure | None:
    """The single number in a cell, with a percent sign, shots or an error after it; null for anything else."""
    stripped = text.strip()
    if not (stripped[:1].isdecimal() or stripped[:1] in ("+", "-")) or len(text) > 60:
        return None
    match = _FIGURE.fullmatch(stripped.rstrip("*†‡^ ").strip())
    if match is None:
        return None
    shots, stderr = match["shots"], match["stderr"]
    return Figure(
        float(match["value"]),
        match["percent"] is not None,
        int(shots) if shots else None,
        float(stderr) if stderr else None,
    )


def shots(text: str) -> int | None:
    """The number of examples that a text states; null for none or several."""
    if "shot" not in (lowered := text[:_MOST_LABEL].lower()):
        return None
    numbers = set(_SHOTS.findall(lowered))
    return int(numbers.pop()) if len(numbers) == 1 else None


@lru_cache(_REMEMBERED)
def label(text: str) -> str:
    """A benchmark's name as policy/card_table_rows.csv matches it: lower case, one blank, without its usual metric."""
    lowered = " ".join(text[:_MOST_LABEL].lower().split()).strip(" *:†^")
    plain = _METRIC.sub(" ", lowered)
    plain = re.sub(r"\( ?[,;/]? ?\)|[,;/] ?(?=\))", "", plain)
    return " ".join(plain.split()).strip(" ,;:")


class TableRules:
    """Which row of policy/card_table_rows.csv a benchmark in a table falls under."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = [(re.compile(row["row_pattern"]), _pattern(row["table_pattern"]), row) for row in rows]
        # Most names are benchmarks that policy does not list: a single search shows it.
        self._any = re.compile("|".join(f"(?:{row['row_pattern']})" for row in rows if row["variant_id"]) or r"(?!)")
        self._of_name = lru_cache(_REMEMBERED)(self._candidates)

    def variant(self, name: str, says: Callable[[re.Pattern[str]], bool]) -> Mapping[str, Any] | None:
        """The row for a benchmark called `name` (by `label`) in a table; `says` returns whether a pattern occurs in its words.
        Null if policy has no row, or leaves it out by a row without a variant."""
        for table_pattern, row in self._of_name(name):
            if table_pattern is None or says(table_pattern):
                return row if row["variant_id"] else None
        return None

    def _candidates(self, name: str) -> list[tuple[re.Pattern[str] | None, Mapping[str, Any]]]:
        if not self._any.search(name):
            return []
        return [(table, row) for pattern, table, row in self._rows if pattern.search(name)]


def _pattern(source: str | None) -> re.Pattern[str] | None:
    return None if source is None else re.compile(source, re.MULTILINE)


def unit(
    policy_unit: str, line: Line, own: Figure, *, says_percent: bool, baseline: float | None
) -> tuple[str | None, str | None]:
    """(unit, note): `policy_unit` is the unit by policy, `line` the figures of the same benchmark or column.

    A percent sign decides, else the line: it has one unit, so one figure above 1 makes all of them percentages. The unit is
    null, with the reason as note, if that makes a figure a percentage of at most 1, less than guessing gives.
    """
    if policy_unit != "by_line":
        return policy_unit, None
    if own.has_percent:
        return "percent", None
    has_percent, greatest = line.figures
    is_percent_stated = says_percent or has_percent
    if not is_percent_stated and max(own.value, greatest) <= 1.0:
        return "fraction", "unit not stated; fraction, for no figure of its line is above 1"
    if own.value <= 1.0 and baseline != 0:
        return None, "not above 1 in a line of percentages, and less than guessing gives: perhaps a fraction"
    return "percent", None if is_percent_stated else "unit not stated; percent, for figures of its line are above 1"
