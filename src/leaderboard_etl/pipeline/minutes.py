"""What would be on record if a run ended now: the one thing of a night that changes while it lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec.structs import replace

from leaderboard_etl.code_version import code_version
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.ledger import Ledger, Load, SourceLoad, format_utc


class Minutes:
    """The lines that a run writes into the ledger, and the notes for the person who reads its report.

    `as_of_at` dates its loads, naive UTC. `failed` is the line of a run that failed; null: it has not.
    """

    def __init__(self, ledger: Ledger, endpoint: str, kind: str, as_of_at: datetime) -> None:
        self.as_of_at = as_of_at
        self.notes: list[str] = []
        self.failed: Load | None = None
        self._ledger, self._endpoint, self._kind = ledger, endpoint, kind
        self._entries: dict[str, SourceLoad] = {}
        self._is_closed = False
        # Worked out at the beginning: at a hasty end there is no time for it.
        self._code_version = code_version()
        self._writing = threading.Lock()

    def note(self, *entries: SourceLoad) -> None:
        """Keeps what sources gave so far, for the line of a run that fails."""
        self._entries.update((entry.source_id, entry) for entry in entries)

    def say(self, note: str | None) -> None:
        """Keeps a sentence for the end of the run, for the person who reads its report."""
        if note is not None:
            self.notes.append(note)

    def line(self, status: str, entries: Iterable[SourceLoad], message: str | None = None) -> Load:
        """What the ledger is to say of a load; without a message, why sources failed or were held."""
        entries = sorted(entries, key=lambda entry: entry.source_id)
        problems = [f"{each.source_id}: {each.message}" for each in entries if each.state in ("failed", "held")]
        return Load(
            load_id=self._ledger.next_id(),
            kind=self._kind,
            status=status,
            as_of_at=format_utc(self.as_of_at),
            endpoint=self._endpoint,
            code_version=self._code_version,
            sources=entries,
            message=message or "; ".join(problems) or None,
        )

    def write_down(self, load: Load) -> None:
        """Puts a load's line into the ledger, unless the last words of a terminated run are there already. Raises
        WarehouseError if it cannot be written."""
        load.finished_at = format_utc(datetime.now(UTC))
        with self._writing:
            if self.failed is None:
                self._ledger.append(load)
                self.failed = load if load.status == "failed" else None

    def close(self) -> None:
        """The run has come to its end: nothing of it can fail any more."""
        self._is_closed = True

    def give_up(self, why: str) -> None:
        """Records a run that failed, if it has not come to its end; the published warehouse stays as it was."""
        if self._is_closed:
            return
        without_news = [replace(entry, changes_blob=None) for entry in self._entries.values()]
        load = self.line("failed", without_news, why[:800])
        try:
            self.write_down(load)
        except WarehouseError as error:
            # Why the night failed matters more than that it is not on record.
            self.say(str(error))
        self.failed = load
