"""The ledger line that a run would write if it ended now. It is the only thing in a night that changes while the night
runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from msgspec.structs import replace

from leaderboard_etl.code_version import code_version
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.ledger import Ledger, Load, SourceLoad, format_utc


class Minutes:
    """Collects what a run writes into the ledger, and the notes for the person who reads its report.

    `as_of_at` is the date of the run's loads, naive UTC. `failed` is the ledger line of a failed run; null if it has
    not failed.
    """

    def __init__(self, ledger: Ledger, endpoint: str, kind: str, as_of_at: datetime) -> None:
        self.as_of_at = as_of_at
        self.notes: list[str] = []
        self.failed: Load | None = None
        self._ledger, self._endpoint, self._kind = ledger, endpoint, kind
        self._entries: dict[str, SourceLoad] = {}
        self._is_closed = False
        # Computed at the start, because a run that is being terminated has no time for it.
        self._code_version = code_version()
        self._writing = threading.Lock()

    def note(self, *entries: SourceLoad) -> None:
        """Keeps what each source has delivered so far, for the ledger line of a run that fails."""
        self._entries.update((entry.source_id, entry) for entry in entries)

    def calls(self, *, without: Iterable[str]) -> tuple[int, int]:
        """The calls to the Hub's API and for files that the sources on record made, except some."""
        left_out = set(without)
        others = [entry for source_id, entry in self._entries.items() if source_id not in left_out]
        return sum(entry.api_calls for entry in others), sum(entry.file_calls for entry in others)

    def say(self, note: str | None) -> None:
        """Keeps a sentence for the report at the end of the run; null adds nothing."""
        if note is not None:
            self.notes.append(note)

    def line(self, status: str, entries: Iterable[SourceLoad], message: str | None = None) -> Load:
        """The ledger line of a load: degraded if a source failed or was held back, unless the whole load failed. Without
        `message` it lists why."""
        entries = sorted(entries, key=lambda entry: entry.source_id)
        problems = [f"{each.source_id}: {each.message}" for each in entries if each.state in ("failed", "held")]
        if problems and status != "failed":
            status = "degraded"
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
        """Appends a load to the ledger, where its number is the next one, unless the line of a terminated run is already
        there. Raises WarehouseError if the ledger cannot be written."""
        load.finished_at = format_utc(datetime.now(UTC))
        with self._writing:
            if self.failed is None:
                # In a lake it may have another number.
                self._ledger.append(replace(load, load_id=self._ledger.next_id()))
                self.failed = load if load.status == "failed" else None

    @contextmanager
    def recording(self, loads: Iterable[Load]) -> Iterator[None]:
        """Appends loads to the ledger; once the block that follows is done, nothing can make the run fail."""
        for load in loads:
            self.write_down(load)
        yield
        self.close()

    def close(self) -> None:
        """Marks the run as finished: from now on nothing can make it fail."""
        self._is_closed = True

    def give_up(self, why: str) -> None:
        """Records the run as failed unless it has finished; the published warehouse does not change."""
        if self._is_closed:
            return
        without_news = [replace(entry, changes_blob=None) for entry in self._entries.values()]
        load = self.line("failed", without_news, why[:800])
        try:
            self.write_down(load)
        except WarehouseError as error:
            # The report must show why the night failed, even if the ledger cannot.
            self.say(str(error))
        self.failed = load
