"""The YAML block at the head of a model card, read as strings and without trust: size, depth and aliases are bounded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

MOST_BYTES = 256 << 10
_MOST_DEPTH = 40
_MOST_NODES = 200_000
_MOST_ALIASES = 50
_MOST_VALUES = 10
_MOST_CONTRADICTIONS = 20
_MOST_KEY = 60
# The parser compares each %TAG with all before it, and no person writes one.
_MOST_DIRECTIVES = 10
_BLOCK = re.compile(r"\A(?:\ufeff)?\s*---[ \t]*\r?\n(.*?)(?:\r?\n|\A)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
# How YAML writes that there is no value, outside of quotes.
_NULLS = frozenset({"~", "null", "Null", "NULL"})
# All other scalars stay as written: `no` is Norwegian, 1.10 a version, 1234567e10 a commit.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True)
class Contradiction:
    """Replaces the value of a key that a mapping has several times with different values: none of them is believed."""

    values: tuple[object, ...]

    def __str__(self) -> str:
        return " and ".join(str(value)[:100] for value in self.values)


class FrontMatterError(ValueError):
    """The block cannot be read; the text says why."""


def read_front_matter(content: bytes) -> dict[str, Any]:
    """The block as a mapping of strings, lists and mappings; empty if the card has none.

    Raises FrontMatterError for bytes that are not UTF-8, YAML that does not parse or is not a mapping, and for blocks that
    are too large, too deep or blow up by aliases.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FrontMatterError(f"not UTF-8 (byte {error.start})") from error
    block, _ = front_block(text)
    if block is None:
        # A card may begin with a horizontal rule; a key right below it was meant as metadata.
        if re.match(r"\A\ufeff?\s*---[ \t]*\r?\n[\w-]+:", text):
            raise FrontMatterError("the block opened with --- is never closed")
        return {}
    loaded = read_yaml(block, lines_before=1)
    if loaded in (None, ""):
        return {}
    if not isinstance(loaded, dict):
        raise FrontMatterError(f"the block is a {type(loaded).__name__}, not a mapping")
    return {key: value for key, value in loaded.items() if isinstance(key, str)}


def read_yaml(block: str, *, lines_before: int = 0) -> object:
    """A YAML text of one document as strings, lists and mappings; null for an empty one. Errors count lines after `lines_before`,
    the lines before it in its file. A key that a mapping has twice with different values gets a Contradiction as its value.

    Raises FrontMatterError for YAML that does not parse, and for a text that is too large, too deep or blows up by aliases.
    """
    documents = read_documents(block, lines_before=lines_before, most=1)
    return documents[0] if documents else None


def read_documents(block: str, *, lines_before: int = 0, most: int = 100) -> list[object]:
    """The documents of a YAML text, each as `read_yaml` reads one; more than `most` are an error as well."""
    if len(block) > MOST_BYTES:
        raise FrontMatterError(f"the block has {len(block):,} characters, over the limit of {MOST_BYTES:,}")
    if f"\n{block}".count("\n%") > _MOST_DIRECTIVES:
        raise FrontMatterError(f"more than {_MOST_DIRECTIVES} directives of YAML, lines that begin with %")
    try:
        return _built(iter(_Loader(block).get_event, None), most)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1 + lines_before}" if where is not None else ""
        raise FrontMatterError(f"YAML does not parse{line}: {getattr(error, 'problem', None) or error}") from error
    except (RecursionError, ValueError) as error:
        raise FrontMatterError(str(error) or "nested too deeply") from error


def _built(events: Iterable[Any], most_documents: int) -> list[Any]:
    """The value of each document of a stream. Built from the parser's events, which costs half of a loader's
    tree of nodes, and refuses in time: an alias bomb is a small text with endless data."""
    items: list[Any] = []
    # Open collections: the index before them in the enclosing one, their first event, and the number of nodes before.
    around: list[tuple[list[Any], Any, int]] = []
    anchored: dict[str, tuple[object, int]] = {}
    nodes = aliases = documents = 0
    for event in events:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            nodes += 1
            is_null = event.value in _NULLS and event.implicit[0]
            items.append("" if is_null else event.value)
            if event.anchor:
                _anchor(event, items[-1], 1, anchored)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            around.append((items, event, nodes))
            items = []
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            inside, (items, start, before) = items, around.pop()
            nodes += 1
            value: object = inside if kind is yaml.SequenceEndEvent else _mapping(inside, start)
            items.append(value)
            if start.anchor:
                _anchor(start, value, nodes - before, anchored)
        elif kind is yaml.AliasEvent:
            if event.anchor not in anchored:
                raise ComposerError(None, None, f"found undefined alias {event.anchor!r}", event.start_mark)
            value, size = anchored[event.anchor]
            aliases += 1
            nodes += size
            items.append(value)
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > most_documents:
                raise ComposerError(None, None, "but found another document", event.start_mark)
        if nodes > _MOST_NODES or aliases > _MOST_ALIASES or len(around) > _MOST_DEPTH:
            raise FrontMatterError("nested too deeply, too long, or too many aliases")
    return items


def _anchor(event: Any, value: object, size: int, anchored: dict[str, tuple[object, int]]) -> None:
    if event.anchor in anchored:
        raise ComposerError(None, None, f"found duplicate anchor {event.anchor!r}", event.start_mark)
    anchored[event.anchor] = value, size


def _mapping(inside: list[Any], start: Any) -> dict[Any, Any]:
    keys, values = inside[::2], inside[1::2]
    try:
        mapping = dict(zip(keys, values, strict=True))
    except TypeError:
        raise ConstructorError(None, None, "found unhashable key", start.start_mark) from None
    if len(mapping) < len(keys):
        values_of: dict[Any, list[object]] = {key: [] for key in mapping}
        for key, value in zip(keys, values, strict=True):
            if value not in values_of[key][:_MOST_VALUES]:
                values_of[key].append(value)
        mapping |= {key: Contradiction(tuple(each)) for key, each in values_of.items() if len(each) > 1}
    return mapping


def contradictions(loaded: object) -> Iterator[tuple[str, Contradiction]]:
    """(key path, value) of the keys that contradict themselves; of many in one text, the first twenty."""
    return islice(_contradictions(loaded, ""), _MOST_CONTRADICTIONS)


def _contradictions(loaded: object, where: str) -> Iterator[tuple[str, Contradiction]]:
    if isinstance(loaded, Contradiction):
        yield where, loaded
    elif isinstance(loaded, dict):
        for key, value in loaded.items():
            if isinstance(value, dict | list | Contradiction):
                name = str(key)[:_MOST_KEY]  # otherwise a long key would be copied for each item below it
                yield from _contradictions(value, f"{where}.{name}" if where else name)
    elif isinstance(loaded, list):
        for index, value in enumerate(loaded):
            if isinstance(value, dict | list):
                yield from _contradictions(value, f"{where}[{index}]")


def front_block(text: str) -> tuple[str | None, str]:
    """The YAML at the head of a card (null: none), and the text that the card shows below it."""
    match = _BLOCK.match(text)
    return (match[1], text[match.end() :]) if match else (None, text)


def strings(value: object) -> list[str]:
    """A value that cards write as a string or a list of strings, as a list without blank ones."""
    items = value if isinstance(value, list) else [value]
    return [printable(item) for item in items if isinstance(item, str) and item.strip()]


def printable(text: str) -> str:
    """`text` without outer blanks and without half characters, which no UTF-8 file can hold."""
    return text.strip().encode("utf-8", "replace").decode("utf-8")
