"""SIGTERM ends a command as Ctrl-C does: the night is on record, one line is printed, and the exit code is 143, within seconds.

The signal raises Terminated in the main thread. If that does not happen in time, because a query or a server's shutdown is
running, a thread prints the line and ends the process: the files on disk are whole at every moment (leaderboard_etl.durable).
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, NoReturn

EXIT_CODE = 128 + signal.SIGTERM
WORDS = "leaderboard-etl: terminated"
WORDS_OF_A_RUN = f"{WORDS}; the published warehouse is untouched, the next run continues from there"
_PATIENCE_SECONDS = 3.0

_at_the_end: list[Callable[[], None]] = []
_asked = threading.Event()
_words = WORDS


class Terminated(BaseException):
    """The process was told to end by SIGTERM."""

    def __str__(self) -> str:
        return "terminated by SIGTERM"


def last_words() -> str:
    """The line that a process ended by SIGTERM prints, as given to the last block of `terminable`."""
    return _words


def end_at_once(code: int) -> NoReturn:
    """Ends the process with `code`. Its command has returned and closed what it had open.

    The interpreter's own end would take seconds of collecting what a run holds, in which no other thread can end the process,
    and engines would print what the signal made them leave behind.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # a caller may have closed it
            stream.flush()
    os._exit(code)


def is_asked() -> bool:
    """Whether SIGTERM arrived since the block of `terminable` began."""
    return _asked.is_set()


def signal_in(error: BaseException) -> BaseException | None:
    """Terminated or KeyboardInterrupt where an engine, whose work a signal stopped, reports that as an error of its own; null:
    no signal did."""
    if is_asked():
        return Terminated()
    message = str(error).rstrip(": \n")
    is_ctrl_c = message == "Query interrupted" or message.endswith(KeyboardInterrupt.__name__)
    return KeyboardInterrupt() if is_ctrl_c else None


@contextmanager
def at_the_end(work: Callable[[], None]) -> Iterator[None]:
    """While the block runs, `work` is done before the process ends if Terminated cannot be raised in time."""
    _at_the_end.append(work)
    try:
        yield
    finally:
        _at_the_end.remove(work)


@contextmanager
def scratch_folder(within: Path | None = None, *, prefix: str = "leaderboard-etl-") -> Iterator[Path]:
    """A temporary folder, in `within` or (null) in the system's place for such. It is removed at the end of the block, and when
    SIGTERM ends the process within it."""
    with TemporaryDirectory(prefix=prefix, dir=within) as name, at_the_end(lambda: rmtree(name, ignore_errors=True)):
        yield Path(name)


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """While the block runs, SIGINT and SIGTERM call `stop` before they raise, because an engine's own threads do not hear them.

    Does nothing outside the main thread, which receives no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def first_stop(handle: Callable[[int, FrameType | None], Any]) -> Callable[[int, FrameType | None], None]:
        def stop_and_handle(number: int, frame: FrameType | None) -> None:
            stop()
            handle(number, frame)

        return stop_and_handle

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handle in before.items():
        if callable(handle):
            signal.signal(number, first_stop(handle))
    try:
        yield
    finally:
        for number, handle in before.items():
            signal.signal(number, handle)


@contextmanager
def terminable(words: str = WORDS) -> Iterator[None]:
    """Within the block SIGTERM raises Terminated, and ends the process with `words` if that takes too long.

    Does nothing outside the main thread, which receives no signals.
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
    """Waits for SIGTERM, and then, not for long, for the end. The other end is closed if the block ended well."""
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
