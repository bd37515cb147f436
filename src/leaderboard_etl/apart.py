"""Work in a second process, while this one does something else: a new interpreter, because a fork after threads may hang."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ParamSpec, TypeVar

from leaderboard_etl.termination import at_the_end

P = ParamSpec("P")
T = TypeVar("T")
_at_work: list[subprocess.Popen[bytes]] = []


@contextmanager
def apart(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> Iterator[Callable[[], T | None]]:
    """Within the block a second process computes `work(*arguments)`; the function that the block is given waits for the answer.

    The answer is null where the work failed, or where no processor is left for it, because this process may use one only or other
    work apart has the others: then nothing was started.
    `work` is a function of a module; what it takes and returns is pickled. The process ends with the block, and with this
    process however that ends.
    """
    if n_processors() < 2 + len(_at_work):
        yield lambda: None
        return
    # It must import the same code.
    code = f"import sys; sys.path[:] = {sys.path!r}; from leaderboard_etl.apart import main; main()"
    # A session of its own: Ctrl-C would otherwise make it print a traceback.
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None

    def answer() -> T | None:
        assert child.stdout is not None
        try:
            answered: tuple[T] = pickle.load(child.stdout)
        except Exception:  # it ended early, or what it wrote cannot be read
            return None
        return answered[0]

    with at_the_end(child.kill):
        _at_work.append(child)
        try:
            with suppress(BrokenPipeError):  # it did not start
                pickle.dump((work, arguments, options), child.stdin)
                child.stdin.flush()
            yield answer
        finally:
            _at_work.remove(child)
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                with suppress(BrokenPipeError):
                    stream.close()


def n_processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """Body of the second process: reads the work, writes the answer, and ends when the first one closes its input."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    work, arguments, options = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_input, daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the work prints is no part of the answer
    pickle.dump((work(*arguments, **options),), answers)
    answers.flush()
    os._exit(0)


def _end_with_input() -> None:
    os.read(0, 1)
    os._exit(1)
