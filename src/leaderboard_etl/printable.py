"""Text from data for a terminal, a log or a file: characters that would act there instead of being read become escapes.

A terminal obeys control characters, and marks of direction make one line look like another; no name or score needs either.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import BinaryIO, TextIO

# C0 but tab and line feed, DEL, C1; marks of direction and their overrides; separators of lines; what has no width or no glyph.
_ACTING = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f"
)
ACTING = re.compile(f"[{_ACTING}]")
_SPACE = re.compile(r"[\t\n]+")
# What a spreadsheet runs. A number with a sign is not a formula, nor is a sign alone, and no repository name on the Hub begins
# like this.
_FORMULA = re.compile(r"^[=+\-@\t\r](?=.*\w)", re.DOTALL)
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


def visible(text: str) -> str:
    """The text with every acting character as an escape such as \\x1b; tabs and line feeds stay."""
    return ACTING.sub(_escape, text)


def one_line(text: str) -> str:
    """The same on one line: tabs and line ends become spaces."""
    return visible(_SPACE.sub(" ", text))


def json_visible(text: str) -> str:
    """JSON text with every control character as JSON's own escape, which a reader turns back: nothing is lost."""
    return ACTING.sub(_json_escape, text)


def csv_text(text: str) -> str:
    """A cell's text before quoting. What a spreadsheet would run as a formula gets an apostrophe in front; a number stays."""
    safe = visible(text)
    return f"'{safe}" if _FORMULA.match(text) and not _NUMBER.match(text) else safe


def how_many(count: int, noun: str) -> str:
    """A count and its noun, whose plural has an s: `1 load`, `1,204 loads`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class PlainStream(io.TextIOBase):
    """A text stream that passes on what is written with control characters made visible."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True

    @property
    def buffer(self) -> BinaryIO:
        """For bytes, which are not text and pass unchanged."""
        return self._stream.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
