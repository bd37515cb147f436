"""Tables in a model card: GitHub's pipe tables and HTML's, as rows of cells with the headings and lines above them.

A small line scanner instead of a Markdown library, because a night reads thousands of cards, full parsers cost many times
the YAML of their front matter, and most cards hold no table. Every step is linear in the text, and what a hostile card could
blow up is bounded. Tables inside fenced code are not tables on the Hub either, and are not read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import msgspec

from leaderboard_etl.hyphens import plain_hyphens
from leaderboard_etl.sources.shared.html_tables import MOST_CELLS, read_html_rows

MOST_TABLES = 300
_MOST_COLUMNS = 100
_MOST_CELL = 2_000
_MOST_LINE = 20_000
_MOST_ABOVE = 1_500
_FENCE = re.compile(r"(`{3,}|~{3,})")
_HEADING = re.compile(r"(#{1,6})\s+(.*)|<h([1-6])[^<>]{0,200}>(.*)", re.IGNORECASE)
_TABLE_TAG = re.compile(r"<table\b", re.IGNORECASE)
_BEGIN = re.compile(r"(?<=.)(?=<(?:table|h[1-6])\b)", re.IGNORECASE)
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()]*)\)")
_ANCHOR = re.compile(r"<a\s([^<>]*)>", re.IGNORECASE)
_ADDRESS = re.compile(r"href=[\"']?([^\"'\s<>]*)", re.IGNORECASE)
_FOOTNOTE = re.compile(r"<sup>\s*\[?[\d*†‡§,]{1,3}\]?\s*</sup>|\[\^[^\[\]]{1,20}\]", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--[^<>]*-->")
_MARKS = re.compile("[\\[<*_`~&\\\\\u00a0\u200b]")
_BAR = re.compile(r"(?<!\\)\|")
# Every line of dashes below a header contains this; most cards without a table do not.
_DASHES = re.compile(r"\|\s*:?-|-:?\s*\|")
_OPENERS = frozenset("`~#<>")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


class Cell(msgspec.Struct, frozen=True, gc=False):
    """The visible text of a cell, the addresses that it links to, and the part of its text that is a link."""

    text: str
    links: tuple[str, ...] = ()
    linked_text: str = ""


@dataclass(frozen=True)
class CardTable:
    """One table. `number` counts from 1 in the card; every row has as many cells as `header`; `headings` are those above
    it, outermost first; `above` are the lines between the last heading (or the table before) and the table.

    `sources` are the rows as written: for most tables the header and one column show that they are about other models.
    """

    number: int
    header: tuple[Cell, ...]
    sources: tuple[tuple[str, ...], ...]
    headings: tuple[str, ...]
    above: str

    @cached_property
    def rows(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows below the header."""
        return tuple(tuple(map(plain, row)) for row in self.sources)

    def column(self, number: int) -> list[Cell]:
        """The cells of one column, without those of the others."""
        return [plain(row[number]) for row in self.sources]

    @property
    def caption(self) -> str:
        """The last line above the table; empty if there is none below the heading."""
        return self.above.rpartition("\n")[2]


class TooManyTablesError(ValueError):
    """A card with more tables or cells than a person wrote; the text says which."""


def read_tables(text: str) -> Iterator[CardTable]:
    """The tables of a card's text (without its front matter) in order.

    Raises TooManyTablesError when a bound is exceeded; the tables before are sound.
    """
    if not _DASHES.search(text) and "<table" not in text.lower():
        return
    lines = _lines(plain_hyphens(text))
    headings: list[tuple[int, str]] = []
    fence = ""
    # `since` is the first line that counts as above the next table, `after` the first line after the last table.
    number = cells = since = after = 0
    telling = [at for at, line in enumerate(lines) if "|" in line or "<" in line or line.lstrip()[:1] in _OPENERS]
    for at in telling:
        if at < after:
            continue
        line = _bare(lines[at])
        first = line[:1]
        rows: list[list[str]] = []
        if first in "`~" and (match := _FENCE.match(line)):
            fence = "" if fence and match[1].startswith(fence) else fence or match[1]
        elif fence:
            continue
        elif first in "#<" and (match := _HEADING.match(line)):
            level = len(match[1]) if match[1] else int(match[3])
            headings = [
                *((n, title) for n, title in headings if n < level),
                (level, plain(match[2] or match[4] or "").text),
            ]
            since = at
        elif "<" in line and _TABLE_TAG.search(line):
            rows, after = _html_block(lines, at)
        elif "|" in line and at + 1 < len(lines) and _is_delimiter(lines[at + 1]):
            rows, after = _pipe_block(lines, at)
        if len(rows) > 1:
            number += 1
            cells += sum(map(len, rows))
            if number > MOST_TABLES or cells > MOST_CELLS:
                raise TooManyTablesError(f"more than {MOST_TABLES} tables or {MOST_CELLS:,} cells")
            yield _table(number, rows, tuple(title for _, title in headings), _above(lines, since, at))
            since = after


def _lines(text: str) -> list[str]:
    """The lines of a text. A line on which several HTML tables begin or end is cut before each, and before their headings."""
    return [
        piece
        for line in text.splitlines()
        for piece in (_BEGIN.split(line) if "<" in line and line.lower().count("table") > 1 else [line])
    ]


def _bare(source: str) -> str:
    """A line without its margin and quotation mark."""
    return source[:_MOST_LINE].strip().removeprefix(">").strip()


def _above(lines: list[str], since: int, until: int) -> str:
    """The non-empty lines of a range, cut to their last `_MOST_ABOVE` characters."""
    above: list[str] = []
    room = _MOST_ABOVE
    for at in range(until - 1, since - 1, -1):
        if line := _bare(lines[at])[:_MOST_ABOVE]:
            above.append(line)
            room -= len(line) + 1
            if room <= 0:
                break
    return "\n".join(reversed(above))[-_MOST_ABOVE:]


def plain(source: str) -> Cell:
    """A cell's source without links, emphasis, tags, footnote marks and escapes."""
    text = " ".join(source[:_MOST_CELL].split())
    if not _MARKS.search(text):
        return Cell(text)
    if "[" not in text and "<" not in text:
        return Cell(_unmarked(text))
    text = _FOOTNOTE.sub("", text)
    labels_and_targets = _LINK.findall(text)
    links = [address for _, target in labels_and_targets for address in target.split()[:1]]
    links += [address for tag in _ANCHOR.findall(text) for address in _ADDRESS.findall(tag)[:1]]
    return Cell(
        _unmarked(_LINK.sub(r"\1", text)), tuple(links), _unmarked(" ".join(label for label, _ in labels_and_targets))
    )


def _unmarked(text: str) -> str:
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = plain_hyphens(html.unescape(text))
    text = text.replace("**", "").replace("__", "").replace("`", "").replace("\u00a0", " ").replace("\u200b", "")
    text = " ".join(text.split())
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    for mark in ("*", "_", "~~"):
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            text = text.removeprefix(mark).removesuffix(mark)
    return text.strip()


def _table(number: int, rows: list[list[str]], headings: tuple[str, ...], above: str) -> CardTable:
    width = min(len(rows[0]), _MOST_COLUMNS)
    # Rows with non-empty surplus cells do not fit the header: the columns of their cells are unknown.
    fitting = [row for row in rows if not any(cell.strip() for cell in row[width:])]
    header, *below = ((*row[:width], *[""] * (width - len(row))) for row in fitting)
    return CardTable(number, tuple(map(plain, header)), tuple(below), headings, above)


def _is_delimiter(line: str) -> bool:
    """Whether a line is the line of dashes below a header."""
    if "-" not in line or "|" not in line or (line := _bare(line)).strip(" \t|:-"):
        return False
    return all(re.fullmatch(r":?-+:?", cell.strip()) for cell in _cells(line))


def _cells(line: str) -> list[str]:
    line = _bare(line).removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return _BAR.split(line) if "\\" in line else line.split("|")


def _pipe_block(lines: list[str], start: int) -> tuple[list[list[str]], int]:
    """The rows of a pipe table with its header at `start`, and the first line after it."""
    rows = [_cells(lines[start])]
    if len(rows[0]) > _MOST_COLUMNS:
        return [], start + 1
    # Strictly it is not a table if the dashes do not fit the header; but cards have them, and rows of its width are certain.
    is_exact = len(_cells(lines[start + 1])) != len(rows[0])
    at = start + 2
    while at < len(lines) and "|" in lines[at]:
        # Some authors draw a second line of dashes between groups of rows.
        if not _is_delimiter(lines[at]):
            row = _cells(lines[at])
            if not is_exact or len(row) == len(rows[0]):
                rows.append(row)
        at += 1
    return rows, at


def _html_block(lines: list[str], start: int) -> tuple[list[list[str]], int]:
    """The rows of an HTML table that begins on line `start`, and the first line after it.

    Cards lay tables out side by side in the cells of another: one that begins before the end of this is a table of its own,
    below the headings in its cell, and ends this one.
    """
    end, is_closed = start, "</table" in lines[start].lower()
    while not is_closed and (end := end + 1) < len(lines):
        if _TABLE_TAG.search(lines[end]):
            rows = read_html_rows("\n".join(lines[start:end]))
            return rows, end if len(rows) > 1 else start + 1
        is_closed = "</table" in lines[end].lower()
    return read_html_rows("\n".join(lines[start : end + 1])), end + 1
