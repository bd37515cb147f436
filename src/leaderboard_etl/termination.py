"""SIGTERM ends a command as Ctrl-C does: the night is on record, a word is said, and the exit code is 143, within seconds.

The signal raises Terminated in the main thread. Where that cannot be heard in time, in the midst of a query or of a server's
goodbye, a thread says the last words and ends the process: what is on disk is whole at every moment (leaderboard_etl.durable).
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from types import FrameType

EXIT_CODE = 128 + signal.SIGTERM
WORDS = "leaderboard-etl: terminated"
WORDS_OF_A_RUN = f"{WORDS}; the published warehouse is untouched, the next run goes on from there"
_PATIENCE_SECONDS = 3.0

_at_the_end: list[Callable[[], None]] = []
_asked = threading.Event()
_words = WORDS


class Terminated(BaseException):
    """The process was told to end by SIGTERM."""

    def __str__(self) -> str:
        return "terminated by SIGTERM"


def last_words() -> str:
    """What a process that SIGTERM ends says, as the last block of `terminable` was told."""
    return _words


def is_asked() -> bool:
    """Whether SIGTERM came since the block of `terminable` began."""
    return _asked.is_set()


@contextmanager
def at_the_end(work: Callable[[], None]) -> Iterator[None]:
    """While the block runs, `work` is part of the last words where Terminated cannot be heard in time."""
    _at_the_end.append(work)
    try:
        yield
    finally:
        _at_the_end.remove(work)


@contextmanager
def scratch_folder(within: Path | None = None, *, prefix: str = "leaderboard-etl-") -> Iterator[Path]:
    """A temporary folder, in `within` or, if null, where the system has such; it goes with the block, and with a process that
    SIGTERM ends in its midst."""
    with TemporaryDirectory(prefix=prefix, dir=within) as name, at_the_end(lambda: rmtree(name, ignore_errors=True)):
        yield Path(name)


@contextmanager
def terminable(words: str = WORDS) -> Iterator[None]:
    """Within the block SIGTERM raises Terminated, and ends the process with `words` where that takes too long.

    Does nothing outside the main thread, where no signal is heard.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        _asked.set()
        raise Terminated

    global _words
    _words = words
    _asked.clear()
    hears, tells = socket.socketpair()
    tells.setblocking(False)
    watch = threading.Thread(target=_watch, args=(hears,), name="termination", daemon=True)
    watch.start()
    before = signal.signal(signal.SIGTERM, stop)
    fd_before = signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.set_wakeup_fd(fd_before)
        if not _asked.is_set():
            tells.close()


def _watch(hears: socket.socket) -> None:
    """Waits for SIGTERM, and then for the end, but not for long. The other end is closed where the block ended well."""
    while number := hears.recv(1):
        if number[0] == signal.SIGTERM:
            _asked.set()
            threading.Event().wait(_PATIENCE_SECONDS)
            _end_now()
    hears.close()


def _end_now() -> None:
    for work in reversed(_at_the_end):
        try:
            work()
        except Exception as error:
            print(f"leaderboard-etl: {error}", file=sys.stderr)
    print(_words, file=sys.stderr, flush=True)
    os._exit(EXIT_CODE)
