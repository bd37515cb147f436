"""The options of a run, and the Hub that they mean."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from leaderboard_etl.errors import UsageError
from leaderboard_etl.memory import memory_bytes
from leaderboard_etl.settings import (
    DEFAULT_CARD_BUDGET,
    DEFAULT_DEADLINE_MINUTES,
    DEFAULT_ENDPOINT,
    Warehouse,
    warehouse_at,
)

SAMPLE = "sample"


class Progress(Protocol):
    """Shows how far one source has come, in a block that gets a function to call with the number of files done and of all files.

    `waits_s` returns for how many seconds more the Hub's limit lets nothing through; 0: it does not wait.
    """

    def __call__(
        self, source_id: str, waits_s: Callable[[], float], /
    ) -> AbstractContextManager[Callable[[int, int], None]]: ...


@dataclass(frozen=True)
class Options:
    """The options of a run. `hub` is the address; `endpoint` is its name in the ledger, because the sample's port changes.

    `started_at` is the instant that the load's values are believed from; null: now. `most_memory_bytes` is what the process may
    hold; null: half of what the machine or its cgroup allows. `raw_from` is another raw store to ask before the Hub, as HeadStart
    takes it; null: no other store. `raw` is a URL of our own raw store; null: the warehouse's folder has it.
    """

    warehouse: Warehouse
    hub: str
    endpoint: str
    only: tuple[str, ...] = ()
    full: bool = False
    card_budget: int = DEFAULT_CARD_BUDGET
    deadline_minutes: float = DEFAULT_DEADLINE_MINUTES
    accept: tuple[str, ...] = ()
    most_memory_bytes: int | None = None
    raw_from: str | None = None
    raw: str | None = None
    started_at: datetime | None = None
    progress: Progress | None = None


def hub_address(hub: str | None) -> str:
    """The Hub's address: as given, else HF_ENDPOINT, else the public one. Raises UsageError if it is not an http(s) address."""
    address = (hub or os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{address!r} is not the address of a Hub: give http(s)://host, or `sample`")
    return address


@contextmanager
def options_for(
    warehouse: str | Path,
    hub: str | None = None,
    only: Sequence[str] | None = None,
    full: bool = False,
    card_budget: int = DEFAULT_CARD_BUDGET,
    deadline_minutes: float = DEFAULT_DEADLINE_MINUTES,
    accept: Sequence[str] | None = None,
    memory: str | None = None,
    raw_from: str | None = None,
    database: str | None = None,
    raw: str | None = None,
    *,
    progress: Progress | None = None,
) -> Iterator[Options]:
    """Options of a run; for the hub 'sample' the bundled Hub is served on loopback within the block."""
    options = Options(
        warehouse_at(warehouse, database),
        hub=SAMPLE,
        endpoint=SAMPLE,
        only=tuple(only or ()),
        full=full,
        card_budget=card_budget,
        deadline_minutes=deadline_minutes,
        accept=tuple(accept or ()),
        most_memory_bytes=None if memory is None else memory_bytes(memory),
        raw_from=raw_from,
        raw=raw,
        progress=progress,
    )
    if hub == SAMPLE:
        from leaderboard_etl.sample.bundled import bundled_hub

        with bundled_hub() as server:
            yield replace(options, hub=server.url)
    else:
        address = hub_address(hub)
        yield replace(options, hub=address, endpoint=address)
