"""Writes standard error as JSON lines: everything that any part of the program writes there, and events with fields."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

from leaderboard_etl.printable import json_visible


class JsonLines(io.TextIOBase):
    """A text stream that writes each line as a JSON object: `at` (UTC), `event`, and `message` or the event's
    fields."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # A line is often written in parts; parts from two threads must not mix.
        self._unfinished = threading.local()

    def write(self, text: str) -> int:
        *lines, self._unfinished.text = (getattr(self._unfinished, "text", "") + text).split("\n")
        for line in filter(str.strip, lines):
            self.say("message", message=line)
        return len(text)

    def say(self, event: str, **fields: object) -> None:
        """Writes one event."""
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields}
        self._stream.write(json_visible(json.dumps(line, ensure_ascii=False, default=str)) + "\n")
        self._stream.flush()

    def end(self) -> None:
        """Writes out the last line of this thread, which has no line end yet."""
        if getattr(self._unfinished, "text", ""):
            self.write("\n")

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True


@contextmanager
def json_log() -> Iterator[None]:
    """Within the block standard error is written as JSON lines."""
    before = sys.stderr
    lines = JsonLines(before)
    sys.stderr = lines
    try:
        yield
    finally:
        lines.end()
        sys.stderr = before


def say(event: str, **fields: object) -> None:
    """Writes an event if standard error is JSON lines; otherwise does nothing."""
    if isinstance(sys.stderr, JsonLines):
        sys.stderr.say(event, **fields)
