"""Works ahead of the reader of an iterator, in threads: one core unpacks and parses while the other folds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")
Made = TypeVar("Made")

_END: Final = object()


def begun(items: Iterable[T]) -> Iterator[T]:
    """The items in their order. The first is made from now on, and what makes it works ahead from now on, whenever the reader
    begins."""
    following = iter(items)
    pool = ThreadPoolExecutor(1, thread_name_prefix="begun")
    first = pool.submit(next, following, _END)
    pool.shutdown(wait=False)

    def read() -> Iterator[T]:
        if (item := first.result()) is not _END:
            yield item  # type: ignore[misc]
            yield from following

    return read()


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The items in their order. Each is made while the reader still works on the one before; what making it raises is raised in
    its place."""
    following = iter(items)
    with _threads(1, "ahead") as pool:
        waiting = pool.submit(next, following, _END)
        while (item := waiting.result()) is not _END:
            waiting = pool.submit(next, following, _END)
            yield item  # type: ignore[misc]


def made_ahead(
    make: Callable[[T], Made], items: Iterable[T], *, threads: int, most: int
) -> Generator[Made, None, None]:
    """What `make` makes of each item, in their order. So many threads work on the next items while the reader still works on
    what came before, as long as no more than `most` are begun and unread; what making an item raises is raised in its place."""
    waiting: deque[Future[Made]] = deque()
    with _threads(threads, "made ahead") as pool:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) == most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _threads(n_threads: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Threads that begin nothing more after the block. It does not wait for what they are at: where reading fails, Python may
    end the block of a reader that nobody has any more in one of these threads, which cannot wait for itself."""
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix=name)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
