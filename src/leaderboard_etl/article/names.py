"""Which names of benchmarks and models a sentence has, and to which of them each of its numbers belongs.

Many names contain another: MMLU-Pro, GPQA Diamond, HumanEval+, DeepSeek-V2.5. Only a whole name counts, the longest first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

# What makes a match a part of a longer name: CMMLU and Global-MMLU before it, MMLU_pro and DeepSeek-V2.5 behind it. A word in
# lower case behind a hyphen belongs to the sentence: LLaMA-based.
_BEFORE = re.compile(r"[^\W_][-_]?$")
_BEHIND = re.compile(r"[^\W_]|\+|\.\d|_(?!\d+-?shot)|-(?!\d+-?shot)[A-Z\d]")
_Span = tuple[int, int]


@dataclass(frozen=True)
class Named:
    """A name at a place of a sentence. `paths` are what the names of its numbers begin with; none: nothing is known of it."""

    start: int
    end: int
    name_id: str
    paths: tuple[str, ...]


def names_in(text: str, names: Sequence[Mapping[str, Any]]) -> list[Named]:
    """The names in a text, in its order. `names` are rows of policy/article_names of one kind."""
    matches = [(match, row) for row in names for match in re.finditer(row["spelled"], text, re.IGNORECASE)]
    found: list[Named] = []
    for match, row in sorted(matches, key=lambda pair: pair[0].start() - pair[0].end()):
        start, end = match.span()
        if any(start < other.end and other.start < end for other in found):
            continue
        is_whole = not _BEFORE.search(text[max(0, start - 2) : start]) and not _BEHIND.match(text, end)
        paths = tuple((row["paths"] or "").split()) if is_whole else ()
        found.append(Named(start, end, row["name_id"] if is_whole else f"part of {match[0]}", paths))
    return sorted(found, key=lambda name: name.start)


def owners(found: Sequence[Named], numbers: Sequence[_Span]) -> list[list[Named]]:
    """For each number the names that it may belong to, each once. It is one where the sentence has one, or where names and
    numbers alternate: the name before each number, or behind each where the sentence begins with a number."""
    of_numbers = [name for name in found if not any(name.start < end and start < name.end for start, end in numbers)]
    distinct = list({name.name_id: name for name in of_numbers}.values())
    places = sorted(
        [(name.start, name) for name in of_numbers] + [(start, None) for start, _ in numbers], key=lambda p: p[0]
    )
    # A name that is repeated before its number is one.
    order = [next(run)[1] for _, run in groupby(places, key=lambda p: p[1].name_id if p[1] else p[0])]
    firsts, seconds = order[::2], order[1::2]
    if len(distinct) > 1 and len(firsts) == len(seconds):
        for mine, theirs in ((firsts, seconds), (seconds, firsts)):
            if None not in mine and not any(theirs):
                return [[name] for name in mine if name is not None]
    return [distinct for _ in numbers]
