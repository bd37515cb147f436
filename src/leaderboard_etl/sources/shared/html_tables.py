"""An HTML table as rows of cell sources, with cells that span columns or rows repeated where they reach.

The standard library's HTML parser searches for the end of an unclosed tag again and again: 200,000 characters of a
stranger's card cost it minutes. This one looks at each character a fixed number of times.
"""

from __future__ import annotations

import html
import re

MOST_CELLS = 100_000
_MOST_CHARACTERS = 200_000
_MOST_SPAN = 100
_MOST_WIDTH = 100
# How much of a text between two tags, and of a tag's attributes, is read: no person reads a longer cell.
_MOST_TEXT = 4_000
_INLINE = frozenset({"a", "sup"})
# A tag with its quoted values, or a declaration. The possessive quantifiers never backtrack, so that an unclosed tag or quote
# fails at the next `<` instead of being tried at each of its characters.
_MARKUP = re.compile(
    r"""<(?P<end>/?)(?P<tag>[a-zA-Z][^\s<>/]*+)(?P<attributes>(?:[^<>"']++|"[^"<]*+"|'[^'<]*+'|["'])*+)>|<[!?][^<>]*+>"""
)
_ATTRIBUTE = re.compile(
    r"""(?<![^\s"'])(colspan|rowspan|href)\s?=\s?(?:"([^"]*)"|'([^']*)'|([^\s"'>]*))""", re.IGNORECASE
)


def read_html_rows(source: str) -> list[list[str]]:
    """The rows of the table that `source` begins with; unclosed rows and cells are taken as closed.

    The source of a cell keeps its links and footnote marks, and nothing else of its markup. If there are several
    rows of titles, only the last is kept: those above it group its columns.
    """
    reader = _Reader()
    markup = _without_comments(source[:_MOST_CHARACTERS])
    after = 0
    for match in _MARKUP.finditer(markup):
        reader.text(markup[after : match.start()])
        after = match.end()
        if tag := match["tag"]:
            reader.tag(tag.lower(), match["attributes"], is_end=bool(match["end"]))
            if match["end"] and tag.lower() == "table":
                break
    else:
        reader.text(markup[after:])
    reader.end_row()
    return reader.rows[max(reader.n_title_rows - 1, 0) :]


def _without_comments(source: str) -> str:
    """`source` without its comments; one that is never closed reaches to the end, as it does in a browser."""
    before, *pieces = source.split("<!--")
    return before + "".join(piece.partition("-->")[2] for piece in pieces)


def _attributes(source: str) -> dict[str, str]:
    """The attributes that matter here, by name; if a name repeats, the first counts, as in a browser."""
    attributes: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(source[:_MOST_TEXT]):
        attributes.setdefault(name.lower(), html.unescape("".join(values)))
    return attributes


class _Reader:
    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.n_title_rows = 0
        self._is_title_row = True
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._spans = (1, 1)
        # Cells that reach down into this row and into the next one: column to (rows left, text).
        self._reaching: dict[int, tuple[int, str]] = {}
        self._next: dict[int, tuple[int, str]] = {}
        self._cells = 0

    def text(self, source: str) -> None:
        """The text between two tags."""
        if self._cell is not None and source:
            self._cell.append(html.unescape(source[:_MOST_TEXT]) if "&" in source else source)

    def tag(self, tag: str, attributes: str, *, is_end: bool) -> None:
        """A tag; one that closes itself begins and ends."""
        if not is_end:
            self._begin(tag, attributes)
        if is_end or attributes.endswith("/"):
            self._end(tag)

    def _begin(self, tag: str, attributes: str) -> None:
        if tag == "tr":
            self.end_row()
            self._row = []
        elif tag in ("td", "th"):
            self._end_cell()
            values = _attributes(attributes) if attributes else {}
            self._spans = (_span(values.get("colspan")), _span(values.get("rowspan")))
            self._row = [] if self._row is None else self._row
            self._cell = []
            self._is_title_row &= tag == "th"
        elif self._cell is not None:
            self._cell.append(
                f'<a href="{_attributes(attributes).get("href", "")}">'
                if tag == "a"
                else "<sup>"
                if tag == "sup"
                else " "
            )

    def _end(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self.end_row()
        elif tag in _INLINE and self._cell is not None:
            self._cell.append(f"</{tag}>")

    def end_row(self) -> None:
        self._end_cell()
        if self._row is None:
            return
        self._fill()
        if self._row and self._cells <= MOST_CELLS:
            self.n_title_rows += self._is_title_row and self.n_title_rows == len(self.rows)
            self.rows.append(self._row)
        self._row, self._is_title_row = None, True
        self._reaching, self._next = self._next, {}

    def _end_cell(self) -> None:
        if self._cell is None or self._row is None:
            self._cell = None
            return
        text = " ".join("".join(self._cell).split())
        self._cell = None
        columns, rows = self._spans
        for _ in range(columns):
            self._fill()
            if len(self._row) >= _MOST_WIDTH:
                return
            if rows > 1:
                self._next[len(self._row)] = (rows - 1, text)
            self._row.append(text)
            self._cells += 1

    def _fill(self) -> None:
        """Inserts the cells that reach down from rows above before the next cell."""
        assert self._row is not None
        while len(self._row) in self._reaching and len(self._row) < _MOST_WIDTH:
            left, text = self._reaching.pop(len(self._row))
            if left > 1:
                self._next[len(self._row)] = (left - 1, text)
            self._row.append(text)
            self._cells += 1


def _span(value: str | None) -> int:
    return min(max(int(value), 1), _MOST_SPAN) if value and value.isdecimal() and len(value) < 6 else 1
