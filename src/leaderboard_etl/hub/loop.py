"""One event loop in a separate thread, which sends every request of this process; a synchronous caller waits for the answer.

On a loop a request can be cancelled at any moment, whatever it waits for, and many connections cost one thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_lock = threading.Lock()
_running: list[asyncio.AbstractEventLoop] = []


def start(work: Coroutine[Any, Any, R]) -> Future[R]:
    """Starts `work` on the loop."""
    with _lock:
        if not _running:
            _running.append(asyncio.new_event_loop())
            threading.Thread(target=_running[0].run_forever, name="hub", daemon=True).start()
    return asyncio.run_coroutine_threadsafe(work, _running[0])


def run(work: Coroutine[Any, Any, R]) -> R:
    """What `work` returns; it is cancelled if the caller is interrupted meanwhile."""
    future = start(work)
    try:
        return future.result()
    finally:
        future.cancel()


def in_parallel(
    work: Callable[[T], Coroutine[Any, Any, R]],
    items: Iterable[T],
    *,
    workers: int,
    size_bytes: Callable[[T], int],
    most_bytes: int,
) -> Iterator[tuple[T, Future[R]]]:
    """Results as they come, `workers` items at once.

    Results that the caller has not taken yet wait in memory: at most as many as there are workers and, with the items in
    progress, at most `most_bytes`, unless a single one is larger.
    """
    held: dict[Future[R], T] = {}
    done: SimpleQueue[Future[R]] = SimpleQueue()
    todo = iter(items)
    following = next(todo, None)
    held_bytes = 0
    try:
        while True:
            while (
                following is not None
                and len(held) - done.qsize() < workers
                and len(held) < 2 * workers
                and (not held or held_bytes + size_bytes(following) <= most_bytes)
            ):
                future = start(work(following))
                held[future] = following
                held_bytes += size_bytes(following)
                future.add_done_callback(done.put)
                following = next(todo, None)
            if not held:
                return
            future = done.get()
            item = held.pop(future)
            held_bytes -= size_bytes(item)
            yield item, future
    finally:
        for future in held:
            future.cancel()
