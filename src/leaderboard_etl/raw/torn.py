"""Detects a torn line: the ledger's last load names bytes that are not in the store, because power failed before they
were on disk. Also detects a store that lacks what other lines name: it belongs to another ledger or was damaged."""

from __future__ import annotations

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.ledger import Ledger, Load, read_changes
from leaderboard_etl.raw.store import BlobStore


def is_torn(ledger: Ledger, store: BlobStore) -> bool:
    """Whether the last load, and no other, names bytes that the store lacks. If other loads do so too, the store is
    damaged or belongs to another warehouse, and removing a line would not help."""
    if ledger.last is None or not ledger.last.is_applied:
        return False
    return _lacks(ledger.last, store) and not any(_lacks(load, store) for load in ledger.applied()[:-1])


def refuse_strange_store(ledger: Ledger, store: BlobStore) -> None:
    """Raises WarehouseError if the store lacks lists of changes that the ledger names, because the current files are
    unknown then."""
    named = {source.changes_blob for load in ledger.applied() for source in load.sources if source.changes_blob}
    absent = store.missing(named)
    if absent:
        why = "it is another warehouse's, or was lost" if absent == named else "it was damaged, or is an older copy"
        raise WarehouseError(
            f"{store.path} lacks {len(absent):,} of the {len(named):,} lists of changes that the ledger beside it names: {why};"
            " nothing was overwritten: put the right one back, or see what `leaderboard-etl doctor` can get again"
        )


def _lacks(load: Load, store: BlobStore) -> bool:
    named = {source.changes_blob for source in load.sources if source.changes_blob}
    if store.missing(named):
        return True
    changes = (read_changes(store, source) for source in load.sources)
    return bool(store.missing({file.blob_id for each in changes for file in each.changed}))
