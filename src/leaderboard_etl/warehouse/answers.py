"""Caches the results of analyses by their inputs, so that a process computes each result only once for equal inputs.

Most changes of a night do not affect most analyses: rows of a leaderboard change, but the vendors' curated figures,
from which the lags are computed, stay the same.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import polars as pl

from leaderboard_etl.apart import apart

_MOST_KEPT = 4096

T = TypeVar("T")


class Answers:
    """The results of the last `most_kept` computations. Safe to use from several threads."""

    def __init__(self, most_kept: int = _MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._begun: dict[str, Callable[[], Any]] = {}
        self._lock = threading.Lock()
        self.n_computed = 0

    def of(self, question: str, work: Callable[..., T], *inputs: object) -> T:
        """`work(*inputs)`, or the cached result of an earlier call with the same `question` and equal inputs.

        An input is a frame, compared by its columns and rows in order, or a value whose repr contains all of it. The
        result is shared, so a caller must not change it.
        """
        key = _key(question, inputs)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                cached: T = self._kept[key]
                return cached
            # An answer is read once: whoever asks at the same time computes its own.
            begun = self._begun.pop(key, None)
        answer: T | None = None if begun is None else begun()
        if answer is None:
            answer = work(*inputs)
        with self._lock:
            self.n_computed += 1
            self._kept[key] = answer
            while len(self._kept) > self._most_kept:
                self._kept.popitem(last=False)
        return answer

    @contextmanager
    def ahead(self, question: str, work: Callable[..., T], *inputs: object) -> Iterator[None]:
        """Within the block a second process computes what `of` is going to be asked; where it has no answer, `of` computes it.

        `work` is a function of a module, and neither it nor its result is null.
        """
        key = _key(question, inputs)
        if key in self._kept:
            yield
            return
        with apart(work, *inputs) as answer:
            with self._lock:
                self._begun[key] = answer
            try:
                yield
            finally:
                with self._lock:
                    self._begun.pop(key, None)


def _key(question: str, inputs: tuple[object, ...]) -> str:
    digest = hashlib.blake2b(question.encode(), digest_size=20)
    for value in inputs:
        digest.update(b"\0")
        if isinstance(value, pl.DataFrame):
            digest.update(repr(value.schema).encode())
            digest.update(value.hash_rows(seed=1).to_numpy().tobytes())
        else:
            digest.update(repr(value).encode())
    return digest.hexdigest()
