"""The order in which a run makes its work durable. Each step may be the last one that happens: the next run must be able to
continue from there, and no reader may see half of it.

1. `blobs`: the bytes that the Hub gave, and what changed in each source, are committed and synced. Nothing names them yet.
2. `staging file`: the new file is built beside the published one, from nothing or from a copy of that, audited, checkpointed,
   synced, opened again read-only and compared with what was put into it. The next run removes it. It comes before the ledger's
   line because a full disk, an audit or the engine may refuse it, and a line must not state what was never published.
3. `ledger line`: the load is on record; from here on it belongs to the warehouse. If the run ends here, the published file
   lags behind, and the next run folds the load in.
4. `published file`: the staging file replaces the published one; the hash beside it is replaced too. If the run ends between
   the two, they do not match, and the next run looks the file through.

A run may first have to put something aside, which is kept: `line aside`, a last line of the ledger that names bytes which
never reached the disk, and `wal aside`, a log that another writer left beside the published file.

With a raw store elsewhere (`--raw`), before step 3: `packs elsewhere`, the new bytes and the note that names them are there, and
`line elsewhere`, the ledger's line is. That is the commit. After step 4 `database elsewhere`: the published file is there too.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

STEPS = ("blobs", "staging file", "ledger line", "published file", "line aside", "wal aside")
STEPS_ELSEWHERE = ("packs elsewhere", "line elsewhere", "database elsewhere")

# Called with "before STEP" and "after STEP". Proofs kill the process there; a run has no such function.
watcher: Callable[[str], None] | None = None


@contextmanager
def durable(step: str) -> Iterator[None]:
    """The block makes one of the steps durable: every commit, sync or replacement of a warehouse's file is in one."""
    if step not in STEPS + STEPS_ELSEWHERE:
        raise ValueError(f"{step!r} is not a durable step; there are: {', '.join(STEPS)}")
    with undisturbed():
        if watcher is not None:
            watcher(f"before {step}")
        yield
        if watcher is not None:
            watcher(f"after {step}")


@contextmanager
def undisturbed() -> Iterator[None]:
    """SIGINT and SIGTERM wait until the block is over: in the middle of it, memory and disk would differ."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before = {each: signal.signal(each, lambda n, _: heard.append(n)) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for signal_number in heard:
            signal.raise_signal(signal_number)


def sync(path: Path) -> None:
    """Waits until a file's content, or a folder's names, are on disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
