"""A target is where the tables live. A state gets there in three steps: it is staged where nobody sees it, audited there, and
published at once. leaderboard_etl.durable has the order in which that becomes durable."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leaderboard_etl.errors import AuditError, one_line_errors
from leaderboard_etl.printable import how_many

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from leaderboard_etl.raw.ledger import Load
    from leaderboard_etl.raw.store import BlobStore
    from leaderboard_etl.reading.loads import News
    from leaderboard_etl.warehouse.audit import Finding, Standing


@dataclass(frozen=True)
class Staged:
    """A whole state that nobody sees yet: tables and views, open for writing until publication, and the loads that it holds."""

    con: duckdb.DuckDBPyConnection
    loads: Sequence[Load]


class Target(ABC):
    """Where the tables live. Their content is the same everywhere; a target decides how they are written and published."""

    def stage(
        self,
        store: BlobStore,
        loads: Sequence[Load],
        *,
        carry_into: Callable[[duckdb.DuckDBPyConnection], int] | None = None,
        news: Mapping[int, Sequence[News]] | None = None,
        most_memory_bytes: int | None = None,
    ) -> Staged:
        """The state after `loads`; the parameters are those of warehouse.build, `most_memory_bytes` what the process may hold.

        Raises EngineError, and leaves nothing behind, if memory or space do not suffice.
        """
        # Readers, who only ask where the tables are, do not need the import.
        from leaderboard_etl.warehouse.build import build

        with ExitStack() as unfinished, one_line_errors():
            unfinished.callback(self.discard)
            staged = Staged(self._begin(most_memory_bytes), loads)
            build(staged.con, store, loads, carry_into=carry_into, news=news)
            unfinished.pop_all()
        return staged

    def audit(self, staged: Staged, standing: Standing | None, accepted: pl.DataFrame) -> list[Finding]:
        """What the checks of sql/checks find in a staged state; the parameters are those of warehouse.audit.

        Raises AuditError if a check of severity error finds rows: such a state is never published.
        """
        from leaderboard_etl.warehouse.audit import audit

        findings = audit(staged.con, standing, accepted)
        errors = [finding for finding in findings if finding.is_error]
        if errors:
            raise AuditError(_failure(errors), findings)
        return findings

    def publish(self, staged: Staged, put_on_record: Callable[[], None] = lambda: None) -> str | None:
        """Replaces the published state by a staged one. Readers keep what they have open.

        `put_on_record` is called when everything is on disk and only the replacement is left. Returns a sentence if something
        of another writer had to be put aside. Raises WarehouseError, and publishes nothing, if the target did not keep what
        was staged or cannot be replaced.
        """
        self._seal(staged)
        put_on_record()
        return self._show()

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the published state for a person."""

    @abstractmethod
    def is_there(self) -> bool:
        """Whether anything was published."""

    @abstractmethod
    def log_left(self) -> Path | None:
        """What another writer left unfinished beside the published state; null: nothing, so the state can be read."""

    @abstractmethod
    def read(self) -> duckdb.DuckDBPyConnection:
        """The published state, read-only. Raises duckdb.Error if it cannot be opened."""

    @abstractmethod
    def attach_to(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        """Lets another database read the published state under a name. Raises duckdb.Error if it cannot be opened."""

    @abstractmethod
    def discard(self) -> None:
        """Closes and removes a staged state that was not published."""

    @abstractmethod
    def _begin(self, most_memory_bytes: int | None) -> duckdb.DuckDBPyConnection:
        """A database without tables. Raises WarehouseError if there is no room for one."""

    @abstractmethod
    def _seal(self, staged: Staged) -> None:
        """Ends the writing; the staged state is then on disk and complete. Raises WarehouseError if it is not."""

    @abstractmethod
    def _show(self) -> str | None:
        """Replaces the published state by the sealed one."""


def _failure(errors: Sequence[Finding]) -> str:
    """One line for the checks that stopped a publication."""
    failures = "; ".join(
        f"{f.check.name}: {how_many(f.n_rows, 'row')} ({f.check.description}), e.g. {f.examples[0]}" for f in errors
    )
    return f"the audit failed, nothing was published: {failures}"
