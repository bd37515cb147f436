"""A target is where the tables live. A state gets there in three steps: it is staged where nobody sees it, audited there, and
published at once. leaderboard_etl.durable has the order in which that becomes durable."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from leaderboard_etl.errors import AuditError, one_line_errors
from leaderboard_etl.printable import how_many

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb
    import polars as pl

    from leaderboard_etl.raw.ledger import Load
    from leaderboard_etl.raw.store import BlobStore
    from leaderboard_etl.reading.loads import NewLoad
    from leaderboard_etl.warehouse.audit import Finding, Standing


@dataclass(frozen=True)
class Staged:
    """A whole state that nobody sees yet: tables and views, open for writing until publication, and the loads that it holds.

    `judged` are the models of which core may say something else than the published state, as model_id; null: any."""

    con: duckdb.DuckDBPyConnection
    loads: Sequence[Load]
    judged: pl.DataFrame | None = None


class Basis(Protocol):
    """What a new state is built on: the bytes, the loads in the ledger, and the history that need not be folded again."""

    @property
    def store(self) -> BlobStore: ...

    @property
    def loads(self) -> Sequence[Load]: ...

    @property
    def most_memory_bytes(self) -> int | None:
        """How much memory the process may hold; null: half of what the machine or its cgroup allows."""

    def carry_into(self, con: duckdb.DuckDBPyConnection) -> int:
        """May fill the empty history tables; returns how many of the loads that covers."""

    def copy_to(self, path: Path, loads: Sequence[Load]) -> int | None:
        """May copy the whole published file, if the state after `loads` can be made from it by folding in what is new. Returns
        how many of the loads it holds; null if nothing was copied."""


@dataclass(frozen=True)
class FromRaw:
    """A basis without history: every load is folded again from its bytes."""

    store: BlobStore
    loads: Sequence[Load]
    most_memory_bytes: int | None = None

    def carry_into(self, con: duckdb.DuckDBPyConnection) -> int:
        """Carries nothing."""
        return 0

    def copy_to(self, path: Path, loads: Sequence[Load]) -> int | None:
        """Copies nothing."""
        return None


class Target(ABC):
    """Where the tables live. Their content is the same everywhere; a target decides how they are written and published."""

    def stage(self, basis: Basis, new: Sequence[NewLoad] = ()) -> Staged:
        """The state after the loads of `basis` and some that are not in the ledger yet.

        Raises UnwritableError if the bytes that the loads name cannot be put on disk first; EngineError, and leaves nothing
        behind, if memory or space do not suffice.
        """
        # Readers, who only ask where the tables are, do not need the import.
        from leaderboard_etl.warehouse.build import build, extend

        basis.store.flush()
        with ExitStack() as unfinished, one_line_errors():
            unfinished.callback(self.discard)
            loads = [*basis.loads, *(load for load, _ in new)]
            news = {load.load_id: given for load, given in new}
            judged = None
            con, n_held = self._begin(basis, loads)
            if n_held is None:
                build(con, basis.store, loads, carry_into=basis.carry_into, news=news)
            else:
                judged = extend(con, basis.store, loads, n_held, news)
            unfinished.pop_all()
        return Staged(con, loads, judged)

    def audit(self, staged: Staged, standing: Standing | None, accepted: pl.DataFrame) -> list[Finding]:
        """What the checks of sql/checks find in a staged state; the parameters are those of warehouse.audit.

        Raises AuditError if a check of severity error finds rows: such a state is never published.
        """
        from leaderboard_etl.engine import writing_out
        from leaderboard_etl.warehouse.audit import audit

        # The checks read, while what the analyses made is compressed.
        with writing_out(staged.con):
            findings = audit(staged.con, standing, accepted)
        errors = [finding for finding in findings if finding.is_error]
        if errors:
            raise AuditError(_failure(errors), findings)
        return findings

    def publish(self, staged: Staged, recording: AbstractContextManager[object] | None = None) -> str | None:
        """Replaces the published state by a staged one. Readers keep what they have open.

        `recording` is entered when everything is on disk and only the replacement is left, and left when that is done.
        Returns a sentence if something of another writer had to be put aside. Raises WarehouseError, and publishes nothing,
        if the target did not keep what was staged or cannot be replaced.
        """
        self._seal(staged)
        with recording or nullcontext():
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

    def is_sealed(self) -> bool:
        """Whether the published state is what the last run published, byte for byte, so that it need not be looked through."""
        return False

    def copy_to(self, path: Path) -> bool:
        """Copies the sealed state to a file, unless it should be written anew. Raises OSError."""
        return False

    @abstractmethod
    def held(self, con: duckdb.DuckDBPyConnection, loads: Sequence[Load]) -> tuple[list[tuple[int, datetime]], bool]:
        """The loads of a ledger that the published state holds, open in `con`, by id and as_of_at; and whether this version
        of the code folded them. `loads` are those of the ledger."""

    def renew(self) -> bool:
        """Gets what `read` opens again from where else it is kept; false: it is nowhere else, or that was tried before."""
        return False

    @abstractmethod
    def discard(self) -> None:
        """Closes and removes a staged state that was not published."""

    @abstractmethod
    def _begin(self, basis: Basis, loads: Sequence[Load]) -> tuple[duckdb.DuckDBPyConnection, int | None]:
        """A database without tables, and null; or one that holds the state after the first of `loads`, and their number. Raises
        WarehouseError if there is no room for one."""

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
