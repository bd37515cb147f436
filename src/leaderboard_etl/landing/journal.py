"""What a pass has landed and no load has on record yet, so that the next pass continues after a killed one.

One JSON line per change, beside the blobs. A pass writes it as it lands, and the next pass reads it without what the ledger
knows by then. A line whose blob did not reach the disk is ignored too, so nothing here has to be synced.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.ledger import Changes, FileVersion
from leaderboard_etl.raw.store import BlobStore

Place = tuple[str, str, str]


class Journal:
    """The unrecorded changes of one pass after another, oldest first."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, store: BlobStore, known: Mapping[Place, FileVersion]) -> Changes:
        """The changes beyond `known`, the files on record. If there are none, the file is removed."""
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
        fresh = [file for place, file in changed.items() if known.get(place) != file and file.blob_id not in lost]
        pending = Changes(fresh, [place for place in gone if place in known])
        if not pending:
            self.path.unlink(missing_ok=True)
        return pending

    def add(self, change: Changes) -> None:
        """Appends one change. Raises WarehouseError if the disk refuses it."""
        try:
            with self.path.open("ab") as file:
                file.write(b"\n" + msgspec.json.encode(change))
        except OSError as error:
            raise WarehouseError(f"{self.path} cannot be written ({error}): free space, then run again") from error

    def _lines(self) -> list[Changes]:
        """Its lines without those that a killed writer left unfinished; the next line begins with a line break."""
        if not self.path.exists():
            return []
        changes = []
        for line in self.path.read_bytes().split(b"\n"):
            try:
                changes.append(msgspec.json.decode(line, type=Changes))
            except msgspec.MsgspecError:
                continue
        return changes
