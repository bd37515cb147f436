"""Shows how far a run has come: bars on a terminal, one line per minute in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TextIO

from leaderboard_etl.commands.json_log import JsonLines, say
from leaderboard_etl.options import Progress

_LINE_EVERY_S = 60.0
_BAR_EVERY_S = 0.5

Count = Callable[[int, int], None]


@dataclass
class Fetching:
    """A source whose files are being fetched: `done` of `total` since `begun_s`, a time.monotonic() instant.

    `waits_s` returns for how many more seconds the Hub's limit blocks requests.
    """

    source_id: str
    waits_s: Callable[[], float]
    begun_s: float
    done: int = 0
    total: int = 0

    def count(self, done: int, total: int) -> None:
        self.done, self.total = done, total

    def per_second(self, now_s: float) -> float:
        """Files per second since the start, including pauses, because there will be more pauses."""
        return self.done / max(now_s - self.begun_s, 1e-3)

    def left_s(self, now_s: float) -> float | None:
        """Seconds until the source is done at this rate; null before the first file."""
        return (self.total - self.done) / self.per_second(now_s) if self.done else None

    def line(self, now_s: float, clock: datetime) -> str:
        """One line for a log, at the time of day `clock`."""
        parts = [f"{self.source_id}: {self.done:,} of {self.total:,}"]
        left_s = self.left_s(now_s)
        if left_s is not None:
            parts += [
                f"{self.per_second(now_s):.1f} a second",
                f"done at about {clock + timedelta(seconds=left_s):%H:%M}",
            ]
        if (waits_s := self.waits_s()) > 0:
            parts.append(f"waiting {waits_s:.0f} s for the Hub's limit")
        return f"{clock:%H:%M:%S} {', '.join(parts)}"


@contextmanager
def log_lines(
    source_id: str, waits_s: Callable[[], float], *, file: TextIO | None = None, every_s: float = _LINE_EVERY_S
) -> Iterator[Count]:
    """Within the block, writes one line per minute to standard error or `file`; nothing for a source that is done
    sooner."""
    state = Fetching(source_id, waits_s, time.monotonic())

    def print_line() -> None:
        if state.total:
            print(state.line(time.monotonic(), datetime.now()), file=file or sys.stderr, flush=True)

    with _every(every_s, print_line):
        yield state.count


@contextmanager
def events(source_id: str, waits_s: Callable[[], float], *, every_s: float = _LINE_EVERY_S) -> Iterator[Count]:
    """Within the block, writes one event per minute for a log of JSON lines; nothing for a source that is done sooner."""
    state = Fetching(source_id, waits_s, time.monotonic())

    def write_event() -> None:
        if state.total:
            now_s = time.monotonic()
            say(
                "progress",
                source=source_id,
                done=state.done,
                total=state.total,
                left_s=state.left_s(now_s),
                waits_s=waits_s(),
            )

    with _every(every_s, write_event):
        yield state.count


@contextmanager
def bars(source_id: str, waits_s: Callable[[], float], *, file: TextIO | None = None) -> Iterator[Count]:
    """Within the block, shows a bar on the terminal with the rate, the time left, and the wait for the Hub's limit."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    state = Fetching(source_id, waits_s, time.monotonic())
    texts = ("{task.description}", "{task.fields[rate]}", "{task.fields[end]}", "{task.fields[waiting]}")
    name, *others = (TextColumn(text, markup=False) for text in texts)
    all_bars = Bars(name, BarColumn(16), MofNCompleteColumn(), *others, console=Console(file=file, stderr=file is None))
    with all_bars:
        bar = all_bars.add_task(source_id, total=None, visible=False, rate="", end="", waiting="")

        def update_bar() -> None:
            if not state.total:
                return
            now_s, clock = time.monotonic(), datetime.now()
            left_s, wait_s = state.left_s(now_s), waits_s()
            all_bars.update(
                bar,
                visible=True,
                completed=state.done,
                total=state.total,
                rate=f"{state.per_second(now_s):.1f}/s" if state.done else "",
                end=f"until {clock + timedelta(seconds=left_s):%H:%M}" if left_s is not None else "",
                waiting=f"waiting {wait_s:.0f} s" if wait_s > 0 else "",
            )

        with _every(_BAR_EVERY_S, update_bar):
            yield state.count
        update_bar()


def progress() -> Progress:
    """Bars if a person is watching; lines or events if standard error goes to a file."""
    if isinstance(sys.stderr, JsonLines):
        return events
    return bars if sys.stderr.isatty() else log_lines


@contextmanager
def _every(seconds: float, show: Callable[[], None]) -> Iterator[None]:
    """Calls `show` regularly from a separate thread, so that the wait for the Hub's limit is shown too, while no file
    arrives."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(seconds):
            show()

    thread = threading.Thread(target=run, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
