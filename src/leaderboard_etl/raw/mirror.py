"""Keeps the raw folder of a warehouse and the store elsewhere (raw/elsewhere.py) alike: what is there is brought at the start
of a run, and what a run adds is delivered before its line is written here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from leaderboard_etl.durable import durable
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.chain import read_lines
from leaderboard_etl.raw.elsewhere import Elsewhere
from leaderboard_etl.raw.ledger import Ledger, Load, append_durably
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.termination import is_asked


@contextmanager
def raw_of(warehouse: Warehouse, url: str | None, *, read_only: bool = False) -> Iterator[tuple[BlobStore, Ledger]]:
    """The raw store and the ledger of a warehouse whose lock is held. With a URL they mirror the store there: see
    raw/elsewhere.py; the published file is brought if there is none here, and put there at the end.

    Raises UsageError for an unusable URL, WarehouseError if another run writes to it, if it does not answer, or if it and
    this folder have different histories.
    """
    if url is None:
        with BlobStore(warehouse.raw, read_only=read_only) as store:
            yield store, Ledger(warehouse.raw)
        return
    warehouse.raw.mkdir(parents=True, exist_ok=True)
    elsewhere = Elsewhere(url, warehouse.root)
    with elsewhere.locked():
        elsewhere.read_notes()
        with BlobStore(warehouse.raw, behind=elsewhere) as store:
            ledger = _made_alike(elsewhere, store, Ledger(warehouse.raw))

            def deliver_and_commit(line: bytes) -> None:
                # A run that is being terminated has no time for bytes, and its line names none.
                if not is_asked():
                    _deliver(elsewhere, store, [*ledger.loads, msgspec.json.decode(line, type=Load)])
                elsewhere.commit(line)

            ledger.before_line = deliver_and_commit
            if warehouse.lake is None:
                elsewhere.get_database(warehouse.database)
            yield store, ledger
        if warehouse.lake is None:
            elsewhere.put_database(warehouse.database)


def _made_alike(elsewhere: Elsewhere, store: BlobStore, ledger: Ledger) -> Ledger:
    """The ledger, after both sides have the lines and the lists of changes that either had."""
    ledger.set_aside_torn()
    content = ledger.path.read_bytes() if ledger.path.exists() else b""
    here = [line.content for line in read_lines(content)[0]]
    n_there = elsewhere.n_lines()
    n_both = min(len(here), n_there)
    if n_both and elsewhere.line(n_both) != here[n_both - 1]:
        raise WarehouseError(
            f"load {n_both} in {elsewhere.url} is not the one in {ledger.path}: they are different warehouses, or two runs"
            " wrote apart from each other; nothing was changed: choose another folder with -w, or another URL"
        )
    if n_there < len(here):
        # This folder was filled without the store there, or its run was killed before it could deliver.
        _deliver(elsewhere, store, ledger.loads)
        for line in here[n_both:]:
            elsewhere.commit(line)
        return ledger
    lines = elsewhere.lines(after=n_both)
    content += b"".join(lines)
    if any(line.fault for line in read_lines(content)[0]):
        raise WarehouseError(
            f"the ledger in {elsewhere.url} has lines that were lost or changed: restore it from a copy"
        )
    if lines:
        with durable("ledger line"):
            append_durably(ledger.path, b"".join(lines))
        ledger = Ledger(ledger.path.parent)
    for blob_id, content in elsewhere.lists(_lists(ledger.loads) - store.ids()):
        store.put(blob_id, content)
    store.flush()
    return ledger


def _deliver(elsewhere: Elsewhere, store: BlobStore, loads: Iterable[Load]) -> None:
    """Puts everything there that is only here."""
    named = _lists(loads)
    new = sorted(store.ids() - elsewhere.held.keys())
    lists = {blob_id: store.get(blob_id) for blob_id in new if blob_id in named}
    elsewhere.deliver(store.read(blob_id for blob_id in new if blob_id not in lists), lists)


def _lists(loads: Iterable[Load]) -> set[str]:
    """The ids of the lists of changes that loads name."""
    return {source.changes_blob for load in loads for source in load.sources if source.changes_blob}
