"""A target is where the tables live. Whatever it is, a state comes there in three steps: it is staged where nobody sees it,
audited there, and published at once. leaderboard_etl.durable has the order in which that becomes lasting."""

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
    from leaderboard_etl.sources.base import Parsed
    from leaderboard_etl.warehouse.audit import Finding, Standing


@dataclass(frozen=True)
class Staged:
    """A whole state that nobody sees yet: its tables and views, open for writing until it is published."""

    con: duckdb.DuckDBPyConnection


class Target(ABC):
    """Where the tables live. What they hold is the same everywhere; a target says how they come there and into sight."""

    def stage(
        self,
        store: BlobStore,
        loads: Sequence[Load],
        *,
        carry_into: Callable[[duckdb.DuckDBPyConnection], int] | None = None,
        parsed: Mapping[str, Parsed] | None = None,
        most_memory_bytes: int | None = None,
    ) -> Staged:
        """The state after `loads`; the parameters are those of warehouse.build, `most_memory_bytes` what the process may hold.

        Raises EngineError, and leaves nothing, where memory or space do not suffice.
        """
        from leaderboard_etl.warehouse.build import build  # a reader, who only asks where the tables are, does without

        with ExitStack() as unfinished, one_line_errors():
            unfinished.callback(self.discard)
            staged = Staged(self._begin(most_memory_bytes))
            build(staged.con, store, loads, carry_into=carry_into, parsed=parsed)
            unfinished.pop_all()
        return staged

    def audit(self, staged: Staged, standing: Standing | None, accepted: pl.DataFrame) -> list[Finding]:
        """What the checks of sql/checks find in a staged state; the parameters are those of warehouse.audit.

        Raises AuditError where a check of severity error finds rows: such a state is never published.
        """
        from leaderboard_etl.warehouse.audit import audit

        findings = audit(staged.con, standing, accepted)
        errors = [finding for finding in findings if finding.is_error]
        if errors:
            raise AuditError(_failure(errors))
        return findings

    def publish(self, staged: Staged, put_on_record: Callable[[], None] = lambda: None) -> str | None:
        """Puts a staged state in the published one's place. Readers keep what they have open.

        `put_on_record` is called where all is on disk and only the replacement is left to do. Returns a sentence where
        something of another writer had to be put aside. Raises WarehouseError, and publishes nothing, where the target did not
        keep what was staged or cannot be replaced.
        """
        self._seal(staged)
        put_on_record()
        return self._show()

    @property
    @abstractmethod
    def name(self) -> str:
        """What a person knows the published state by."""

    @abstractmethod
    def is_there(self) -> bool:
        """Whether anything was published."""

    @abstractmethod
    def log_left(self) -> Path | None:
        """What another writer left unfinished beside the published state; null: nothing, it can be read."""

    @abstractmethod
    def read(self) -> duckdb.DuckDBPyConnection:
        """The published state, read-only. Raises duckdb.Error where it cannot be opened."""

    @abstractmethod
    def attach_to(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        """Lets another database read the published state under a name. Raises duckdb.Error where it cannot be opened."""

    @abstractmethod
    def discard(self) -> None:
        """Ends what is staged and not published, and removes it."""

    @abstractmethod
    def _begin(self, most_memory_bytes: int | None) -> duckdb.DuckDBPyConnection:
        """A place without tables. Raises WarehouseError where there is no room for one."""

    @abstractmethod
    def _seal(self, staged: Staged) -> None:
        """Ends the writing; what was staged is on disk, and is there whole. Raises WarehouseError where it is not."""

    @abstractmethod
    def _show(self) -> str | None:
        """Puts what was sealed in the published state's place."""


def _failure(errors: Sequence[Finding]) -> str:
    """One line for the checks that stopped a publication."""
    shown = "; ".join(
        f"{f.check.name}: {how_many(f.n_rows, 'row')} ({f.check.description}), e.g. {f.examples[0]}" for f in errors
    )
    return f"the audit failed, nothing was published: {shown}"
