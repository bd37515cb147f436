"""Lists what a pass has landed and no load has recorded yet, so that the next pass can continue after a killed one.

The file holds one JSON line per change and is beside the blobs. A pass appends to it while it lands files; the next
pass reads it and ignores what the ledger records by then. A line whose blob did not reach the disk is ignored as well,
so the file need not be synced.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.ledger import Changes, FileVersion, Place
from leaderboard_etl.raw.store import BlobStore


class Journal:
    """The unrecorded changes of one or more passes, oldest first."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, store: BlobStore, in_ledger: Mapping[Place, FileVersion]) -> Changes:
        """The changes that are not in `in_ledger`, the files in the ledger. If there are none, the journal file is
        removed."""
        changed: dict[Place, FileVersion] = {}
        gone: set[Place] = set()
        for change in self._lines():
            for file in change.changed:
                changed[file.place] = file
                gone.discard(file.place)
            for place in change.gone:
                changed.pop(place, None)
                gone.add(place)
        lost = store.missing(file.blob_id for file in changed.values())
        fresh = [file for place, file in changed.items() if in_ledger.get(place) != file and file.blob_id not in lost]
        pending = Changes(fresh, [place for place in gone if place in in_ledger])
        if not pending:
            self.path.unlink(missing_ok=True)
        return pending

    def add(self, change: Changes) -> None:
        """Appends one change. Raises WarehouseError if the file cannot be written."""
        try:
            with self.path.open("ab") as file:
                file.write(b"\n" + msgspec.json.encode(change))
        except OSError as error:
            raise WarehouseError(f"{self.path} cannot be written ({error}): free space, then run again") from error

    def _lines(self) -> list[Changes]:
        """All complete lines. A killed writer may leave an incomplete one; every line begins with a line break, so the
        next line is intact."""
        if not self.path.exists():
            return []
        changes = []
        for line in self.path.read_bytes().split(b"\n"):
            try:
                changes.append(msgspec.json.decode(line, type=Changes))
            except msgspec.MsgspecError:
                continue
        return changes
