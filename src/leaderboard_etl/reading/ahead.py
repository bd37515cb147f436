"""Works one item ahead of the reader of an iterator, in a thread: one core unpacks and parses while the other folds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

_END: Final = object()


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The items in their order. Each is made while the reader still works on the one before; what making it raises is raised in
    its place."""
    following = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        waiting = pool.submit(next, following, _END)
        while (item := waiting.result()) is not _END:
            waiting = pool.submit(next, following, _END)
            yield item  # type: ignore[misc]
