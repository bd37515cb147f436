"""An HTML table as rows of cell sources, with cells that span columns or rows repeated where they reach."""

from __future__ import annotations

from html.parser import HTMLParser

MOST_CELLS = 100_000
_MOST_CHARACTERS = 200_000
_MOST_SPAN = 100
_MOST_WIDTH = 100
_INLINE = frozenset({"a", "sup"})


def read_html_rows(source: str) -> list[list[str]]:
    """The rows of the first table of `source`, a table within a cell flattened; unclosed rows and cells are taken as closed.

    The source of a cell keeps its links and footnote marks, and nothing else of its markup. Of several rows of titles at the
    top only the last is kept: those above group its columns.
    """
    reader = _Reader()
    reader.feed(source[:_MOST_CHARACTERS])
    reader.close()
    reader.end_row()
    return reader.rows[max(reader.n_title_rows - 1, 0) :]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
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

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.end_row()
            self._row = []
        elif tag in ("td", "th"):
            self._end_cell()
            stated = dict(attrs)
            self._spans = (_span(stated.get("colspan")), _span(stated.get("rowspan")))
            self._row = [] if self._row is None else self._row
            self._cell = []
            self._is_title_row &= tag == "th"
        elif self._cell is not None:
            address = dict(attrs).get("href") or ""
            self._cell.append(f'<a href="{address}">' if tag == "a" else "<sup>" if tag == "sup" else " ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self.end_row()
        elif tag in _INLINE and self._cell is not None:
            self._cell.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

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
        """Puts the cells that reach down from rows above in front of the next cell."""
        assert self._row is not None
        while len(self._row) in self._reaching and len(self._row) < _MOST_WIDTH:
            left, text = self._reaching.pop(len(self._row))
            if left > 1:
                self._next[len(self._row)] = (left - 1, text)
            self._row.append(text)
            self._cells += 1


def _span(stated: str | None) -> int:
    return min(max(int(stated), 1), _MOST_SPAN) if stated and stated.isdecimal() and len(stated) < 6 else 1
