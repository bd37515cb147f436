"""Sizes that a model card states in words, where the phrase leaves no doubt that this model's parameters are meant.

Read: lines of the form "Parameters: 13B", "Model size: 7 billion", "Number of parameters: 235B in total and 22B activated",
as list items, plain lines or table rows, and "7.24B params" alone on a line. A card that states two sizes gives none,
because it describes a family; a passing mention ("a 7B model") may be about a base or a rival.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_UNIT = {"m": 10**6, "b": 10**9, "t": 10**12}
_SIZE = r"~?(\d{1,4}(?:\.\d{1,4})?) ?(b|m|t|bn|billion|million|trillion)"
_SUBJECT = r"(?:total |number of |model )*(?:parameters?|params?|parameter count|model size)(?: count)?"
_STATED = re.compile(rf"(?:the )?{_SUBJECT} ?[:=|] ?{_SIZE}(?: params?| parameters?)?\W*", re.IGNORECASE)
_OF_WHICH = re.compile(
    rf"(?:the )?{_SUBJECT} ?[:=|] ?{_SIZE} (?:in )?total(?: and|,)? {_SIZE} (?:activated|active)\W*", re.IGNORECASE
)
_ALONE = re.compile(rf"{_SIZE} (?:params|parameters)\W*", re.IGNORECASE)
# Every line that states a size contains one of these; search for them before anything is split or matched.
_HINTS = ("aram", "PARAM", "odel size", "odel Size")
_MOST_LINE = 200


def stated_sizes(text: str) -> tuple[int | None, int | None, str | None]:
    """(total parameters, parameters used per token, the line) by a card's text; nulls if it states none or several."""
    sizes: dict[tuple[int, int | None], str] = {}
    for line in _hinted(text):
        if not 3 < len(line) < _MOST_LINE:
            continue
        plain = " ".join(re.sub(r"[*_`]", "", line).split()).strip("-•#>| ")
        if match := _OF_WHICH.fullmatch(plain):
            sizes[_count(match[1], match[2]), _count(match[3], match[4])] = plain
        elif match := _STATED.fullmatch(plain) or _ALONE.fullmatch(plain):
            sizes[_count(match[1], match[2]), None] = plain
    if len({total for total, _ in sizes}) != 1:
        return None, None, None
    (total, active), line = max(sizes.items(), key=lambda item: item[0][1] or 0)
    return (total, active if active is not None and active < total else None, line) if total else (None, None, None)


def _hinted(text: str) -> Iterator[str]:
    """The lines of a text that have a hint in them, in order."""
    spans = set()
    for hint in _HINTS:
        at = text.find(hint)
        while at >= 0:
            end = text.find("\n", at)
            end = end if end >= 0 else len(text)
            spans.add((text.rfind("\n", 0, at) + 1, end))
            at = text.find(hint, end)
    for start, end in sorted(spans):
        yield from text[start:end].splitlines()


def _count(number: str, unit: str) -> int:
    return round(float(number) * _UNIT[unit[0].lower()])
