"""The text of an article in MDX: its sentences and the cells of its tables, each with its place in the source.

What is not text is passed over: code, imports, comments, citations, components, and expressions in braces, which data fill.
The titles and descriptions of components and of the page are text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leaderboard_etl.hyphens import plain_hyphens

_VALUE = r"""(?:"[^"]*"|'[^']*'|\{(?:[^{}]|\{[^{}]*\})*\})"""
# A token of the source, by kind. What matches none of them is shown as it is.
_TOKEN = re.compile(
    r"(?P<front>\A---\n.*?\n---$)"
    r"|(?P<code>^[ \t]*(?:```|~~~).*?^[ \t]*(?:```|~~~)[ \t]*$)"
    r"|(?P<comment>\{/\*.*?\*/\}|<!--.*?-->)"
    r"|(?P<import>^(?:import|export)\b[^\n]*$)"
    r"|(?P<math>\$\$.+?\$\$|\$[^$\n]+\$)"
    r"|(?P<citation>\[@[^\]]*\]|\[\^[^\]]+\]:?|(?<!\w)@[\w:.-]*\w)"
    r"|(?P<link>!?\[[^\]]*\]\([^)]*\))"
    r"|(?P<cell></t[dh]>)|(?P<row><tr\b[^>]*>)"
    rf"|(?P<tag></?[A-Za-z][\w.]*(?:\s+[\w:-]+(?:={_VALUE})?)*\s*/?>)"
    r"|(?P<braces>\{[^{}]*\})"
    r"|(?P<entity>&(?:\#\d+|\#[xX][\da-fA-F]+|[A-Za-z]\w*);)"
    r"|(?P<mark>^[ \t]*(?:\#{1,6}|[-*+]|\d{1,3}[.)]|>)[ \t]+)"
    r"|(?P<emphasis>\*+|`+|~~|(?<!\w)_+|_+(?!\w))",
    re.MULTILINE | re.DOTALL,
)
_SHOWN_ATTRIBUTE = re.compile(rf"\b(?:title|subtitle|desc|description|caption|alt)=({_VALUE})", re.DOTALL)
_SHOWN_FIELD = re.compile(r"^(?:title|subtitle|description):[ \t]*(.+)$", re.MULTILINE)
_BLOCKS = re.compile(r"\n[ \t]*(?=\n)|\n(?=[ \t]*\|)|(?<=\|)[ \t]*\n")
_RULE = re.compile(r"[\s|:-]*")
# A sentence ends where the next begins with a capital letter.
_END_OF_SENTENCE = re.compile(r"""[.!?]["”')\]]*\s+(?=["“'(]?[A-Z])""")


@dataclass(frozen=True)
class Shown:
    """A piece of text as a reader sees it, but with plain hyphens; `offsets` has the place of each of its characters in the
    source."""

    text: str
    offsets: tuple[int, ...]

    def part(self, start: int, end: int) -> Shown:
        """The characters from `start` to before `end`."""
        return Shown(self.text[start:end], self.offsets[start:end])


@dataclass(frozen=True)
class Cell:
    """A cell of a table, with the words of its row's first cell and of its column's heading."""

    row: str
    column: str
    shown: Shown


@dataclass(frozen=True)
class Article:
    """An article's source, the sentences of its paragraphs, and of its tables the headings of rows and columns and all other
    cells."""

    source: str
    paragraphs: tuple[tuple[Shown, ...], ...]
    headings: tuple[Shown, ...]
    cells: tuple[Cell, ...]

    @property
    def sentences(self) -> tuple[Shown, ...]:
        """The sentences of all paragraphs."""
        return tuple(sentence for paragraph in self.paragraphs for sentence in paragraph)

    def line(self, offset: int) -> int:
        """The number of the line at a place in the source; 1 is the first."""
        return self.source.count("\n", 0, offset) + 1


def read_article(source: str) -> Article:
    """The sentences and table cells of an article in MDX or Markdown."""
    paragraphs: list[tuple[Shown, ...]] = []
    headings: list[Shown] = []
    cells: list[Cell] = []
    rows: list[list[Shown]] = []
    for block in (*_blocks(_shown(source)), Shown("", ())):
        if block.text.startswith("|"):
            if not _RULE.fullmatch(block.text):
                rows.append(_row(block))
            continue
        headings += [*(rows[0] if rows else ()), *(row[0] for row in rows[1:])]
        cells += _cells(rows)
        rows = []
        paragraphs.append(tuple(_sentences(block)))
    return Article(source, tuple(paragraphs), tuple(headings), tuple(cells))


def _shown(source: str) -> Shown:
    """The text that is shown, with its line breaks; pieces that stand alone have blank lines around them."""
    characters: list[str] = []
    offsets: list[int] = []

    def show(text: str, at: int, *, is_source: bool = False) -> None:
        characters.extend(text)
        offsets.extend(range(at, at + len(text)) if is_source else [at] * len(text))

    end = 0
    for token in _TOKEN.finditer(source):
        show(source[end : token.start()], end, is_source=True)
        end = token.end()
        if token.lastgroup == "entity":
            # A bar that is written as one ends no cell.
            show(html.unescape(token[0]).replace("|", "/"), token.start())
        elif token.lastgroup == "cell":
            show(" | ", token.start())
        elif token.lastgroup == "row":
            show("\n| ", token.start())
        elif token.lastgroup in ("mark", "code", "front", "import") or (token.lastgroup == "math" and "$$" in token[0]):
            show("\n\n", token.start())
        for first, last in _inner(token):
            is_alone = token.lastgroup in ("front", "tag")
            show("\n\n" if is_alone else "", first)
            show(source[first:last], first, is_source=True)
            show("\n\n" if is_alone else "", last)
    show(source[end:], end, is_source=True)
    return Shown(plain_hyphens("".join(characters)), tuple(offsets))


def _inner(token: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The parts of a token that are shown, as places in the source."""
    start, text = token.start(), token[0]
    if token.lastgroup == "math":
        width = 2 if text.startswith("$$") else 1
        yield start + width, token.end() - width
    elif token.lastgroup == "link":
        first = text.index("[") + 1
        yield start + first, start + text.index("]", first)
    elif token.lastgroup == "tag":
        for attribute in _SHOWN_ATTRIBUTE.finditer(text):
            yield start + attribute.start(1) + 1, start + attribute.end(1) - 1
    elif token.lastgroup == "front":
        for field in _SHOWN_FIELD.finditer(text):
            yield start + field.start(1), start + field.end(1)


def _blocks(shown: Shown) -> Iterator[Shown]:
    """Paragraphs, headings, list items and rows of tables: without line breaks, and with one space between words."""
    start = 0
    for gap in (*_BLOCKS.finditer(shown.text), None):
        end = len(shown.text) if gap is None else gap.start()
        block = shown.part(start, end)
        kept = [
            number for number, character in enumerate(block.text) if not _is_extra_space(block.text, number, character)
        ]
        if kept:
            text = "".join(" " if block.text[number].isspace() else block.text[number] for number in kept)
            whole = Shown(text, tuple(block.offsets[number] for number in kept))
            yield whole.part(len(text) - len(text.lstrip()), len(text.rstrip()))
        start = end if gap is None else gap.end()


def _is_extra_space(text: str, number: int, character: str) -> bool:
    return character.isspace() and (number == 0 or text[number - 1].isspace())


def _row(block: Shown) -> list[Shown]:
    """The cells of a row of a table."""
    inner = block.part(1, len(block.text) - block.text.endswith("|"))
    cells, start = [], 0
    for bar in (*re.finditer(r"\|", inner.text), None):
        end = len(inner.text) if bar is None else bar.start()
        cells.append(inner.part(start, end))
        start = end if bar is None else bar.end()
    if len(cells) > 1 and not cells[-1].text.strip():
        cells.pop()
    return cells


def _cells(rows: Sequence[Sequence[Shown]]) -> Iterator[Cell]:
    """The cells under the first row, whose cells are the headings of the columns."""
    headings = [cell.text.strip() for cell in rows[0]] if rows else []
    for row in rows[1:]:
        for heading, cell in list(zip(headings, row, strict=False))[1:]:
            yield Cell(row[0].text.strip(), heading, cell)


def _sentences(block: Shown) -> Iterator[Shown]:
    start = 0
    for gap in (*_END_OF_SENTENCE.finditer(block.text), None):
        end = len(block.text) if gap is None else gap.end()
        sentence = block.part(start, end)
        if sentence.text.strip():
            yield sentence.part(0, len(sentence.text.rstrip()))
        start = end
