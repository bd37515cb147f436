"""What is believed when a run begins, and the one door to it: nothing else opens the published file during a run.

The published file answers if it is a whole fold of this ledger. If it is gone, damaged, of another format, or was written
to, raw still has everything: then a file made from raw answers, and the run publishes a good one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import duckdb
import polars as pl

from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.errors import EtlError, WarehouseError, first_line
from leaderboard_etl.raw.ledger import Ledger, Load
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target import Target, target_of
from leaderboard_etl.target.file import FileTarget
from leaderboard_etl.warehouse.books import first_fault
from leaderboard_etl.warehouse.history import carried_tables

Place = tuple[str, str, str]
Answer = TypeVar("Answer")


class Believed:
    """The state before this run. Each question opens the file anew, so that a run never keeps it from being replaced.

    `trouble` says in one sentence why the published file cannot be used; null: it can, or nothing was published.
    """

    def __init__(
        self, warehouse: Warehouse, store: BlobStore, ledger: Ledger, *, most_memory_bytes: int | None = None
    ) -> None:
        """Examines the published file. Raises WarehouseError if it holds loads that the ledger lacks: replacing it would lose
        them."""
        self._published, self._store, self._most_memory_bytes = target_of(warehouse), store, most_memory_bytes
        # Made from raw if the published file cannot answer; nobody else reads it.
        self._own = FileTarget(warehouse, warehouse.believed, warehouse.believed)
        self._is_own_made = False
        self._loads = list(ledger.loads)
        self._held: int | None = None
        self._is_ours = False
        self.trouble: str | None = None
        if not self._published.is_there():
            if ledger.applied():
                self._distrust("is not there")
            return
        if (log := self._published.log_left()) is not None:
            self._distrust(f"was written to by something else, which left {log.name}")
            return
        try:
            with self._published.read() as con:
                held = con.execute("select load_id, as_of_at from ops.loads order by load_id").fetchall()
                made_by = con.execute("select code_version from ops.build").fetchall()
        except duckdb.Error as error:
            self._distrust(f"cannot be read ({first_line(error)})")
            return
        self._expect_known(held, ledger)
        self._held = len(held)
        self._is_ours = made_by == [(code_version(),)]
        if self._is_ours:
            self._expect_own_books()

    @property
    def n_loads(self) -> int | None:
        """How many loads of the ledger the published file holds as this version of the code folds them; null: other code made it,
        so it has to be made again."""
        return self._held if self._is_ours and self.trouble is None else None

    def holds(self, load: Load) -> bool:
        """Whether the published file holds a load, so that its bytes were once on disk."""
        return self._held is not None and load.load_id in {each.load_id for each in self._loads[: self._held]}

    def look_through(self) -> None:
        """Reads the whole published file, so that damage is found now and not by a reader."""
        if self.n_loads is not None:
            self._ask(lambda con: [con.execute(f"select sum(hash(t)::hugeint) from {name} as t") for name in tables()])

    def carry_into(self, con: duckdb.DuckDBPyConnection) -> int:
        """Copies the history that is believed into the empty tables of a staging file; returns how many loads of the ledger
        that covers."""
        # Damage that is found during the copy might spoil the staging file.
        self.look_through()
        if self.trouble is None and self.n_loads is None:
            return 0
        answering = self._answering()
        if answering is None:
            return 0
        _copy_history(answering, con)
        return len(self._loads) if answering is self._own else self._held or 0

    def scores_at(self, source_id: str, places: Sequence[Place]) -> pl.DataFrame | None:
        """The open scores of a source in some files: source_name, precision, variant_id, score_raw, score_unit. Null if nothing
        was ever published."""
        scope = pl.DataFrame(places, schema=["repo_type", "repo_id", "path"], orient="row")

        def ask(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
            con.register("places", scope)
            frame: pl.DataFrame = con.sql(
                "select source_name, precision, variant_id, score_raw, score_unit from history.scores"
                " where valid_to is null and source_id = ? and (repo_type, repo_id, path) in (from places)",
                params=[source_id],
            ).pl()
            return frame

        return self._ask(ask)

    def names(self, source_ids: Iterable[str]) -> list[tuple[str, str, str | None]]:
        """(source_id, source_name, hub_id) of every open statement of some sources about a model."""
        wanted = list(source_ids)
        query = (
            "select distinct source_id, source_name, hub_id from history.models"
            " where valid_to is null and list_contains(?, source_id) order by all"
        )
        return self._ask(lambda con: con.execute(query, [wanted]).fetchall()) or [] if wanted else []

    def verdicts(self) -> dict[str, str]:
        """The verdict of each claim, by claim_id."""
        query = "select claim_id, verdict from mart.paper_claims"
        return dict(self._ask(lambda con: con.execute(query).fetchall()) or [])

    def standing(self, select: Callable[[duckdb.DuckDBPyConnection], Sequence[str]]) -> set[str]:
        """What a check's query finds in the state before this run. `select` raises EtlError if the query cannot run."""
        return set(self._ask(select) or [])

    def quarantined(self) -> dict[str, set[Place]]:
        """The files with records in quarantine, by source."""
        query = "select distinct source_id, repo_type, repo_id, path from ops.quarantine where valid_to is null"
        places: dict[str, set[Place]] = defaultdict(set)
        for source_id, *place in self._ask(lambda con: con.execute(query).fetchall()) or []:
            places[source_id].add((place[0], place[1], place[2]))
        return places

    def close(self) -> None:
        """Removes the file that was made from raw to answer."""
        self._own.discard()
        self._is_own_made = False

    def _ask(self, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer | None:
        """The answer of the published file, else of the one made from raw; null if nothing was ever published."""
        while (answering := self._answering()) is not None:
            try:
                with answering.read() as con:
                    return question(con)
            except (duckdb.OutOfMemoryException, duckdb.InterruptException):
                raise  # says nothing about the file
            except (duckdb.Error, EtlError) as error:
                self._doubt(answering, error)
        return None

    def _answering(self) -> Target | None:
        if self.trouble is None:
            return self._published if self._held is not None else None
        if not self._is_own_made and any(load.is_applied for load in self._loads):
            self._own.stage(self._store, self._loads, most_memory_bytes=self._most_memory_bytes).con.close()
            self._is_own_made = True
        return self._own if self._is_own_made else None

    def _doubt(self, answering: Target, error: Exception) -> None:
        if answering is self._own:
            raise WarehouseError(f"{answering.name}, made from raw, cannot be read ({first_line(error)})") from error
        self._distrust(f"cannot answer ({first_line(error)})")

    def _distrust(self, why: str) -> None:
        self.trouble = f"{self._published.name} {why}: made again from raw, which holds everything"

    def _expect_own_books(self) -> None:
        """Rejects a file in which something else removed or added rows: a run would carry the change on for ever."""
        try:
            with self._published.read() as con:
                fault = first_fault(con)
        except duckdb.Error as error:
            self._distrust(f"cannot be read ({first_line(error)})")
            return
        if fault is not None:
            self._distrust(f"was written to by something else ({fault})")

    def _expect_known(self, held: Sequence[tuple[object, ...]], ledger: Ledger) -> None:
        recorded = [(load.load_id, load.as_of()) for load in ledger.loads[: len(held)]]
        if held != recorded:
            unknown = next(
                load for load, own in zip(held, [*recorded, *[None] * len(held)], strict=False) if load != own
            )
            raise WarehouseError(
                f"{self._published} holds load {unknown[0]} of {unknown[1]:%Y-%m-%d %H:%M} UTC, which"
                f" {ledger.path} does not: to replace the file would lose it. Restore raw/ from a copy of the same"
                " warehouse, see what `leaderboard-etl doctor` says, or move the file away to go on without it"
            )


def _copy_history(answering: Target, con: duckdb.DuckDBPyConnection) -> None:
    answering.attach_to(con, "published")
    try:
        con.execute("begin")
        for name in carried_tables():
            con.execute(f"insert into {name} select * from published.{name}")
        con.execute("commit")
    finally:
        con.execute("detach published")
