"""Sizes that a model card states in words, where the phrase leaves no doubt that this model's parameters are meant.

Read: lines of the form "Parameters: 13B", "Model size: 7 billion", "Number of parameters: 235B in total and 22B activated",
as list items, plain lines or table rows, and "7.24B params" alone on a line. A card that states two sizes states none, for
it tells of a family; what is said in passing ("a 7B model") may be about a base or a rival.
"""

from __future__ import annotations

import re

_UNIT = {"m": 10**6, "b": 10**9, "t": 10**12}
_SIZE = r"~?(\d{1,4}(?:\.\d{1,4})?) ?(b|m|t|bn|billion|million|trillion)"
_SUBJECT = r"(?:total |number of |model )*(?:parameters?|params?|parameter count|model size)(?: count)?"
_STATED = re.compile(rf"(?:the )?{_SUBJECT} ?[:=|] ?{_SIZE}(?: params?| parameters?)?\W*", re.IGNORECASE)
_OF_WHICH = re.compile(
    rf"(?:the )?{_SUBJECT} ?[:=|] ?{_SIZE} (?:in )?total(?: and|,)? {_SIZE} (?:activated|active)\W*", re.IGNORECASE
)
_ALONE = re.compile(rf"{_SIZE} (?:params|parameters)\W*", re.IGNORECASE)
_HINT = re.compile(r"[Pp]aram|PARAM|[Mm]odel [Ss]ize")
_MOST_LINE = 200


def stated_sizes(text: str) -> tuple[int | None, int | None, str | None]:
    """(total parameters, parameters used per token, the line) by a card's text; nulls where it states none or several."""
    found: dict[tuple[int, int | None], str] = {}
    if _HINT.search(text) is None:
        return None, None, None
    for line in text.splitlines():
        if not 3 < len(line) < _MOST_LINE or _HINT.search(line) is None:
            continue
        plain = " ".join(re.sub(r"[*_`]", "", line).split()).strip("-•#>| ")
        if match := _OF_WHICH.fullmatch(plain):
            found[_count(match[1], match[2]), _count(match[3], match[4])] = plain
        elif match := _STATED.fullmatch(plain) or _ALONE.fullmatch(plain):
            found[_count(match[1], match[2]), None] = plain
    if len({total for total, _ in found}) != 1:
        return None, None, None
    (total, active), line = max(found.items(), key=lambda item: item[0][1] or 0)
    return (total, active if active is not None and active < total else None, line) if total else (None, None, None)


def _count(number: str, unit: str) -> int:
    return round(float(number) * _UNIT[unit[0].lower()])
