"""The state that was published before this run. Only this module opens the published file during a run.

The published file is used if it is a complete fold of this ledger. If it is missing, damaged, of another format, or was
changed by something else, a temporary file is built from raw and used instead, and the run publishes a sound file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import duckdb
import polars as pl

from leaderboard_etl import engine
from leaderboard_etl.contracts.schema import kept_views, tables
from leaderboard_etl.errors import EtlError, WarehouseError, first_line
from leaderboard_etl.raw.ledger import Ledger, Load, Place
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import POLICY_SOURCE
from leaderboard_etl.target import FromRaw, Target, target_of
from leaderboard_etl.target.file import FileTarget
from leaderboard_etl.target.opening import refuse_newer_state
from leaderboard_etl.warehouse.books import first_fault
from leaderboard_etl.warehouse.carried import carried_tables
from leaderboard_etl.warehouse.judgements import SCHEMA, judgements, with_recorded
from leaderboard_etl.warehouse.results import carry_results

Answer = TypeVar("Answer")
_ATTACHED = "believed"


class Believed:
    """The state before this run, on which the next one is built. Each question opens the file again, so that a run never
    prevents it from being replaced; `asked_often` keeps it open for a while.

    `trouble` says in one sentence why the published file cannot be used; null if it can, or if nothing was published.
    """

    def __init__(
        self, warehouse: Warehouse, store: BlobStore, ledger: Ledger, *, most_memory_bytes: int | None = None
    ) -> None:
        """Examines the published file. Raises WarehouseError if newer code made it, or if it holds loads that the ledger
        lacks, because replacing it would lose them."""
        self.store, self.most_memory_bytes, self._ledger = store, most_memory_bytes, ledger
        self._published = target_of(warehouse)
        # Built from raw if the published file cannot be used; nothing else reads it.
        self._rebuilt = FileTarget(warehouse, warehouse.believed, warehouse.believed)
        self._n_rebuilt: int | None = None
        self._n_held: int | None = None
        self._is_ours = False
        self._is_sealed = False
        self._is_asked_often = False
        # To attach a file to a database that is there takes a quarter of the time of opening it on its own.
        self._reader: duckdb.DuckDBPyConnection | None = None
        self._attached: Target | None = None
        self.trouble: str | None = None
        self._examine()

    def _examine(self) -> None:
        if not self._published.is_there():
            if self._ledger.applied():
                self._reject_published("is not there")
            return
        if (log := self._published.log_left()) is not None:
            self._reject_published(f"was written to by something else, which left {log.name}")
            return
        try:
            held, self._is_ours = self._of_published(self._held)
        except duckdb.Error as error:
            self._reject_published(f"cannot be read ({first_line(error)})")
            return
        self._expect_no_unknown_load(held, self._ledger)
        self._n_held = len(held)
        if self._is_ours:
            self._is_sealed = self._published.is_sealed()
        if self._is_ours and not self._is_sealed:
            self._expect_sound_row_counts()

    def _held(self, con: duckdb.DuckDBPyConnection) -> tuple[list[tuple[int, datetime]], bool]:
        refuse_newer_state(con, self._published)
        return self._published.held(con, self._ledger.loads)

    @property
    def target(self) -> Target:
        """Where the state before this run was published, and the next one will be."""
        return self._published

    @property
    def loads(self) -> Sequence[Load]:
        """The loads in the ledger, also those that this run has written there."""
        return list(self._ledger.loads)

    @property
    def n_loads(self) -> int | None:
        """How many loads of the ledger the published file holds, folded by this version of the code; null if other code
        made the file, so that it must be rebuilt."""
        return self._n_held if self._is_ours and self.trouble is None else None

    def holds(self, load: Load) -> bool:
        """Whether the published file holds a load, so that the load's bytes were once on disk."""
        return self._n_held is not None and load.load_id in {each.load_id for each in self.loads[: self._n_held]}

    def look_through(self) -> None:
        """Reads the whole published file, so that damage is detected now and not by a reader."""
        if self.n_loads is not None and not self._is_sealed:
            names = (*tables(), *kept_views())
            self._ask(lambda con: [con.execute(f"select sum(hash(t)::hugeint) from {name} as t") for name in names])

    def copy_to(self, path: Path, loads: Sequence[Load]) -> int | None:
        """Copies the published file, if it is what the last run published, is compact, and was judged by the policy that is in
        force after `loads`; returns how many of these it holds."""
        held = self.n_loads
        if held is None or not self._is_sealed or any(_has_policy(load) for load in loads[held:]):
            return None
        return held if self._published.copy_to(path) else None

    def carry_into(self, con: duckdb.DuckDBPyConnection) -> int:
        """Copies the published history into the empty tables of a staging file; returns how many loads of the ledger it
        covers."""
        # Damage must be detected before the copy, where it could spoil the staging file.
        self.look_through()
        if self.trouble is None and self.n_loads is None:
            return 0
        target = self._usable_target()
        if target is None:
            return 0
        _copy_history(target, con)
        return (self._n_rebuilt if target is self._rebuilt else self._n_held) or 0

    def scores_at(self, source_id: str, places: Sequence[Place]) -> pl.DataFrame | None:
        """The current scores of a source in some files: source_name, precision, variant_id, score_raw, score_unit; and
        its ratings, in unit 'rating' with the board as their variant. Null if nothing was ever published."""
        scope = pl.DataFrame(places, schema=["repo_type", "repo_id", "path"], orient="row")

        def ask(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
            con.register("places", scope)
            frame: pl.DataFrame = con.sql(
                "select source_name, precision, variant_id, score_raw, score_unit from history.scores"
                " where valid_to is null and source_id = $source and (repo_type, repo_id, path) in (from places)"
                " union all select source_name, 'n/a', board, rating, 'rating' from history.ratings"
                " where valid_to is null and source_id = $source and (repo_type, repo_id, path) in (from places)",
                params={"source": source_id},
            ).pl()
            con.unregister("places")
            return frame

        return self._ask(ask)

    def names(self, source_ids: Iterable[str]) -> list[tuple[str, str, str | None]]:
        """(source_id, source_name, hub_id) of every current row about a model from some sources."""
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

    def judgements(self, models: pl.DataFrame | None) -> pl.DataFrame | None:
        """What is judged of the sources' statements about some models, or all, after all loads in the ledger
        (warehouse.judgements); without rows if nothing was ever published, null if other code made the published state and it
        lacks what this code compares."""

        def ask(con: duckdb.DuckDBPyConnection) -> pl.DataFrame | None:
            try:
                return judgements(con, models)
            except (duckdb.BinderException, duckdb.CatalogException):
                if self._is_ours or self.trouble is not None:  # this code made it: the fault is in the query
                    raise
                return None

        if self._usable_target() is None:
            return pl.DataFrame(schema=SCHEMA)
        before = self._ask(ask)
        n_held = (self._n_held if self.trouble is None else self._n_rebuilt) or 0
        return None if before is None else with_recorded(before, self.loads[n_held:])

    def standing(self, select: Callable[[duckdb.DuckDBPyConnection], Sequence[str]]) -> set[str]:
        """The rows that a check finds in the state before this run. `select` runs the check's query; it raises EtlError
        if the query cannot run."""
        return set(self._ask(select) or [])

    def quarantined(self) -> dict[str, set[Place]]:
        """The files with records in quarantine, by source."""
        query = "select distinct source_id, repo_type, repo_id, path from ops.quarantine where valid_to is null"
        places: dict[str, set[Place]] = defaultdict(set)
        for source_id, *place in self._ask(lambda con: con.execute(query).fetchall()) or []:
            places[source_id].add((place[0], place[1], place[2]))
        return places

    def close(self) -> None:
        """Removes the temporary file that was built from raw."""
        self._forget_reader()
        self._rebuilt.discard()
        self._n_rebuilt = None

    @contextmanager
    def asked_often(self) -> Iterator[None]:
        """Within the block the file stays open between questions. It must not be replaced there."""
        self._is_asked_often = True
        try:
            yield
        finally:
            self._is_asked_often = False
            self._rest()

    def _ask(self, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer | None:
        """The answer from the published file, or from the one built from raw; null if nothing was ever published."""
        while (target := self._usable_target()) is not None:
            try:
                return question(self._reading(target))
            except (duckdb.OutOfMemoryException, duckdb.InterruptException):
                raise  # not a fault of the file
            except (duckdb.Error, EtlError) as error:
                self._reject_target(target, error)
            finally:
                if not self._is_asked_often:
                    self._rest()
        return None

    def _of_published(self, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        """The answer from the published file. Raises duckdb.Error if it cannot be read."""
        try:
            return question(self._reading(self._published))
        finally:
            self._rest()

    def _reading(self, target: Target) -> duckdb.DuckDBPyConnection:
        if self._reader is None:
            self._reader = engine.in_memory()
        if self._attached is not target:
            self._rest()
            target.attach_to(self._reader, _ATTACHED)
            self._attached = target
            self._reader.execute(f"use {_ATTACHED}")
        return self._reader

    def _rest(self) -> None:
        if self._reader is None or self._attached is None:
            return
        self._attached = None
        try:
            self._reader.execute(f"use memory; detach {_ATTACHED}")
        except duckdb.Error:  # a fault of the file, which the question has told
            self._forget_reader()

    def _forget_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader, self._attached = None, None

    def _usable_target(self) -> Target | None:
        if self.trouble is None:
            return self._published if self._n_held is not None else None
        if self._n_rebuilt is None and any(load.is_applied for load in self.loads):
            engine.finish(self._rebuilt.stage(FromRaw(self.store, self.loads, self.most_memory_bytes)).con)
            self._n_rebuilt = len(self.loads)
        return self._rebuilt if self._n_rebuilt is not None else None

    def _reject_target(self, target: Target, error: Exception) -> None:
        self._rest()
        if target is self._rebuilt:
            raise WarehouseError(f"{target.name}, made from raw, cannot be read ({first_line(error)})") from error
        self._reject_published(f"cannot answer ({first_line(error)})")

    def _reject_published(self, why: str) -> None:
        if self._published.renew():
            self._examine()
            return
        self.trouble = f"{self._published.name} {why}: made again from raw, which holds everything"

    def _expect_sound_row_counts(self) -> None:
        """Rejects a file in which something else added or removed rows, because every later run would carry the change
        on."""
        try:
            fault = self._of_published(first_fault)
        except duckdb.Error as error:
            self._reject_published(f"cannot be read ({first_line(error)})")
            return
        if fault is not None:
            self._reject_published(f"was written to by something else ({fault})")

    def _expect_no_unknown_load(self, held: Sequence[tuple[object, ...]], ledger: Ledger) -> None:
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


def _has_policy(load: Load) -> bool:
    entry = load.source(POLICY_SOURCE)
    return load.is_applied and entry is not None and entry.changes_blob is not None


def _copy_history(target: Target, con: duckdb.DuckDBPyConnection) -> None:
    """After an error the staging file, and with it this connection, is thrown away: to detach would hide the error."""
    target.attach_to(con, "published")
    con.execute("begin")
    for name in carried_tables():
        con.execute(f"insert into {name} select * from published.{name}")
    carry_results(con, "published")
    con.execute("commit")
    con.execute("detach published")
