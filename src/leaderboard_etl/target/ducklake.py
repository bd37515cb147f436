"""A lake as target: tables that several machines read and write, Parquet files with a catalog (DuckLake).

Each machine keeps a copy of the lake's state in a file and brings it up to date before it reads. A new state is staged
beside that copy and audited there, as without a lake. Then the rows by which it differs from the lake are written in one
transaction, and what was staged becomes the copy. Every writer has its own raw store and ledger: a load gets its number
in the lake when it is committed.

A commit replaces the only row of lake.head. So of two writers that began from the same state one commits; the other takes
over what the first published, and builds its own state again.
"""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import duckdb
from msgspec.structs import replace

from leaderboard_etl import engine
from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.schema import kept_views, tables
from leaderboard_etl.durable import durable
from leaderboard_etl.errors import WarehouseError, first_line
from leaderboard_etl.settings import Lake, Warehouse, without_passwords
from leaderboard_etl.target.base import Basis, FromRaw, Staged
from leaderboard_etl.target.file import PUBLISHED_MODE, FileTarget
from leaderboard_etl.target.lake_copy import bring_up_to_date, copy_whole
from leaderboard_etl.target.lake_tables import (
    COPY,
    FILE,
    LAKE,
    LOADS,
    OWN_TABLES,
    head_of,
    merge_files,
    reshape,
    run_all,
    write_difference,
)
from leaderboard_etl.target.seal import Seal, is_bloated, seal_of, write_seal
from leaderboard_etl.warehouse.books import first_fault
from leaderboard_etl.warehouse.carried import copy_loads
from leaderboard_etl.warehouse.database import SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from leaderboard_etl.raw.ledger import Load
    from leaderboard_etl.raw.store import BlobStore
    from leaderboard_etl.reading.loads import NewLoad
    from leaderboard_etl.warehouse.audit import Finding, Standing

_MOST_TRIES = 20
_LONGEST_WAIT_S = 4.0
# A night leaves some forty small files, and each later one that deletes rows of theirs leaves more. To merge those of ten nights
# takes about as long as one of them takes to write.
LOADS_PER_UPKEEP = 10
# What is said where another writer was faster, or holds the catalog at this moment.
_PASSING = (
    "conflict",
    "is locked",
    "failed to flush",
    "serialize",
    "deadlock",
    "already exists",
    "duplicate key",
    "unique",
)


class LoadRow(NamedTuple):
    """One row of lake.loads: a load of the lake, the ledger whose line it is, and the code that folded it."""

    load_id: int
    chain: str
    ledger_load_id: int
    code_version: str


@dataclass(frozen=True)
class _Numbered:
    """A basis whose loads have the numbers that they have in the lake, or get when they are committed."""

    basis: Basis
    loads: Sequence[Load]
    carry_others: Callable[[duckdb.DuckDBPyConnection], None]

    @property
    def store(self) -> BlobStore:
        return self.basis.store

    @property
    def most_memory_bytes(self) -> int | None:
        return self.basis.most_memory_bytes

    def copy_to(self, path: Path, loads: Sequence[Load]) -> int | None:
        return self.basis.copy_to(path, loads)

    def carry_into(self, con: duckdb.DuckDBPyConnection) -> int:
        done = self.basis.carry_into(con)
        self.carry_others(con)
        return done


class LakeTarget(FileTarget):
    """The state in a lake, and the copy of it on this machine."""

    def __init__(self, warehouse: Warehouse, lake: Lake) -> None:
        super().__init__(warehouse, warehouse.database, warehouse.staging)
        self._lake = lake
        self._is_there: bool | None = None  # null: not asked yet
        self._is_renewed = False
        self._rows: list[LoadRow] = []
        self._base: str | None = None  # the commit that the staged state is built on; null: the lake was empty
        self._commit_id, self._chain = "", ""
        self._last_load_id = 0  # of the staged state
        self._basis: Basis | None = None
        self._judged_by: tuple[Standing | None, pl.DataFrame] | None = None
        # To load DuckDB's extensions takes longer than to ask the lake: one connection does both.
        self._asking: duckdb.DuckDBPyConnection | None = None
        self._is_writing = False

    def __str__(self) -> str:
        return str(self._lake)

    @property
    def name(self) -> str:
        return str(self._lake)

    def is_there(self) -> bool:
        if self._is_there is None:
            self._follow()
        return bool(self._is_there)

    def read(self) -> duckdb.DuckDBPyConnection:
        self.is_there()
        return super().read()

    def attach_to(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        self.is_there()
        super().attach_to(con, name)

    def held(self, con: duckdb.DuckDBPyConnection, loads: Sequence[Load]) -> tuple[list[tuple[int, datetime]], bool]:
        rows = con.execute(
            "select l.ledger_load_id, o.as_of_at, l.code_version from lake.loads as l join ops.loads as o using (load_id)"
            " where l.chain = ? order by l.ledger_load_id",
            [_chain(loads[0]) if loads else ""],
        ).fetchall()
        return [(row[0], row[1]) for row in rows], all(row[2] == code_version() for row in rows)

    def copy_to(self, path: Path) -> bool:
        # It may have been brought up to date since this was last asked.
        return self.is_sealed() and super().copy_to(path)

    def renew(self) -> bool:
        if self._is_renewed or not self.is_there():
            return False
        self._is_renewed = True
        engine.remove(self._published)
        if (log := self.log_left()) is not None:
            log.unlink()
        self._follow()
        return bool(self._is_there)

    def stage(self, basis: Basis, new: Sequence[NewLoad] = ()) -> Staged:
        self._follow()
        own = [*basis.loads, *(load for load, _ in new)]
        self._basis, self._chain, self._commit_id = basis, _chain(own[0]), uuid.uuid4().hex
        self._base, self._rows = self._copied()
        number = self._numbers(own, is_from_raw=isinstance(basis, FromRaw))
        numbered = {load.load_id: replace(load, load_id=number[load.load_id]) for load in own}
        staged = super().stage(
            _Numbered(basis, [numbered[load.load_id] for load in basis.loads], self._carry_others),
            [(numbered[load.load_id], given) for load, given in new],
        )
        rows = [
            *self._others,
            *(LoadRow(number[load.load_id], self._chain, load.load_id, code_version()) for load in own),
        ]
        self._last_load_id = max(row.load_id for row in rows)
        for statement in OWN_TABLES:
            staged.con.execute(statement)
        staged.con.execute("insert into lake.head values (?)", [self._commit_id])
        staged.con.executemany("insert into lake.loads values (?, ?, ?, ?)", sorted(rows))
        # What nights replaced in core is read of a file alone.
        staged.con.execute("delete from ops.replaced_rows")
        staged.con.execute("update ops.build set load_id = (select max(load_id) from ops.loads)")
        if self._others and (fault := first_fault(staged.con)) is not None:
            # Publishing would take from the lake what the copy lost.
            raise WarehouseError(
                f"{self._published} was written to by something else ({fault}): nothing was published; remove it and run again"
            )
        return staged

    def audit(self, staged: Staged, standing: Standing | None, accepted: pl.DataFrame) -> list[Finding]:
        self._judged_by = standing, accepted
        return super().audit(staged, standing, accepted)

    def discard(self) -> None:
        self._leave()
        super().discard()

    @property
    def _others(self) -> list[LoadRow]:
        return [row for row in self._rows if row.chain != self._chain]

    def _numbers(self, own: Sequence[Load], *, is_from_raw: bool) -> dict[int, int]:
        """The numbers in the lake of the loads of this ledger. Loads that are folded again, in a lake that holds loads of
        others, come after those, which stay as they are."""
        mine = [row for row in self._rows if row.chain == self._chain]
        is_folded_again = is_from_raw or any(row.code_version != code_version() for row in mine)
        number = {} if is_folded_again and self._others else {row.ledger_load_id: row.load_id for row in mine}
        last = max((row.load_id for row in self._rows), default=0)
        for load in own:
            if load.load_id not in number:
                number[load.load_id] = last = last + 1
        return number

    def _carry_others(self, con: duckdb.DuckDBPyConnection) -> None:
        """Copies what other writers stated, unless it came with the own history."""
        [(n_loads,)] = con.execute("select count(*) from ops.loads").fetchall()
        if n_loads or not self._others:
            return
        super().attach_to(con, COPY)
        try:
            con.execute("begin")
            copy_loads(con, COPY, [row.load_id for row in self._others])
            con.execute("commit")
        finally:
            con.execute(f"detach {COPY}")

    def _seal(self, staged: Staged) -> None:
        super()._seal(staged)
        try:
            self._write()
        except duckdb.Error as error:
            # Another writer was faster: _show takes over what it published.
            self._leave()
            self._expect_passing(error)

    def _show(self) -> str | None:
        for n_tries in range(_MOST_TRIES):
            try:
                if not self._is_writing:
                    self._write()
                with durable("published file"):
                    self._commit()
                note = super()._show()
                return "; ".join(said for said in (note, self._keep_up()) if said) or None
            except duckdb.Error as error:
                self._leave()
                self._expect_passing(error)
            _wait(n_tries)
            self._follow()
            there, _ = self._copied()
            if there == self._commit_id:
                return None  # it was committed, and only the answer was lost
            if there != self._base:
                self._stage_again()
        raise WarehouseError(
            f"{self} was changed by others at each of {_MOST_TRIES} tries: nothing was published; the next run goes on from"
            " there"
        )

    def _stage_again(self) -> None:
        """Builds the state again, on what another writer has published since."""
        assert self._basis is not None and self._judged_by is not None
        super().discard()
        staged = self.stage(self._basis)
        self.audit(staged, *self._judged_by)
        super()._seal(staged)

    def _write(self) -> None:
        """Writes the difference between the staged file and the lake, in a transaction that is still open afterwards."""
        self._is_writing = True
        con = self._connected()
        engine.attach_lake(con, self._lake, LAKE, is_read_only=False)
        engine.attach(con, self._staging, FILE)
        con.execute("begin")
        if head_of(con, LAKE) != self._base:
            raise duckdb.TransactionException("conflict: another writer has committed")
        is_new = self._base is None
        if not is_new:
            self._expect_all_of_others(con)
        con.execute(f"use {LAKE}")
        if is_new:
            run_all(con, (*(f"create schema {schema}" for schema in SCHEMAS), *OWN_TABLES))
        before = LAKE
        if is_new or con.execute("select code_version from ops.build").fetchall() != [(code_version(),)]:
            reshape(con)
        elif self._seal_of_copied is not None:
            engine.attach(con, self._published, COPY)
            before = COPY
        con.execute("use memory")
        for name in (*tables(), *kept_views(), LOADS, "lake.head"):
            write_difference(con, name, before)
        if self._lake.kind != "md":
            said = ["leaderboard-etl", self._message(con), self._commit_id]
            con.execute(f"call {LAKE}.set_commit_message(?, ?, extra_info => ?)", said)

    def _commit(self) -> None:
        self._connected().execute("commit")
        self._leave()

    def _keep_up(self) -> str | None:
        """Merges the lake's small files if this load is the last of ten. Returns a note if that failed: nothing depends on it."""
        before = max((row.load_id for row in self._rows), default=0)
        if self._lake.kind == "md" or before // LOADS_PER_UPKEEP == self._last_load_id // LOADS_PER_UPKEEP:
            return None
        try:
            con = self._connected()
            engine.attach_lake(con, self._lake, LAKE, is_read_only=False)
            merge_files(con)
        except duckdb.Error as error:
            if not _is_passing(error):
                return f"small files of {self} could not be merged ({without_passwords(first_line(error))})"
        finally:
            self._leave()
        return None

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self._asking is None:
            self._asking = engine.in_memory()
        return self._asking

    def _leave(self) -> None:
        """Ends the transaction, if one is open, and lets go of the lake and of the staged file."""
        self._is_writing = False
        if self._asking is None:
            return
        for statement in ("rollback", "use memory", *(f"detach {name}" for name in (FILE, COPY, LAKE))):
            with suppress(duckdb.Error):  # there may be nothing to end
                self._asking.execute(statement)
        self._asking.close()
        self._asking = None

    def _message(self, con: duckdb.DuckDBPyConnection) -> str:
        """What a commit says of itself: its loads, and how much the lake holds after it."""
        before = {row.load_id for row in self._rows}
        [(models, scores)] = con.execute(
            f"select (select count(*) from {FILE}.core.models), (select count(*) from {FILE}.core.scores)"
        ).fetchall()
        loads = con.execute(f"select load_id, kind, status, as_of_at from {FILE}.ops.loads order by load_id").fetchall()
        new = [
            f"load {row[0]} ({row[1]}, {row[2]}, {row[3]:%Y-%m-%d %H:%M} UTC)" for row in loads if row[0] not in before
        ]
        return f"{', '.join(new) or 'made again from raw'}: core.models {models}, core.scores {scores}"

    def _expect_all_of_others(self, con: duckdb.DuckDBPyConnection) -> None:
        """Raises WarehouseError if the staged state lacks a load of another writer, which publishing would lose."""
        lost = con.execute(
            f"select min(load_id) from {LAKE}.{LOADS} where chain <> ?"
            f" and load_id not in (select load_id from {FILE}.ops.loads)",
            [self._chain],
        ).fetchall()
        if lost != [(None,)]:
            engine.remove(self._published)
            raise WarehouseError(
                f"{self} holds load {lost[0][0]} of another writer, which the copy on this machine lacked: nothing was"
                " published, the copy is removed; run again"
            )

    def _expect_passing(self, error: duckdb.Error) -> None:
        if not _is_passing(error):
            raise WarehouseError(
                f"{self} could not be written ({without_passwords(first_line(error))}): nothing was published, the next run goes"
                " on from there"
            ) from error

    def _copied(self) -> tuple[str | None, list[LoadRow]]:
        """The commit whose state the copy holds, and its loads; null and none if there is no lake, or no sound copy."""
        if self._is_there is False or not self._published.exists():
            return None, []
        try:
            with engine.open_file(self._published) as con:
                rows = con.execute(f"select load_id, chain, ledger_load_id, code_version from {LOADS}").fetchall()
                return head_of(con), [LoadRow(*row) for row in rows]
        except duckdb.Error:
            return None, []

    def _follow(self) -> None:
        """Brings the copy up to date. Raises WarehouseError if the lake cannot be read."""
        for n_tries in range(_MOST_TRIES):
            try:
                self._is_there = True
                head = self._asked_head()
                self._is_there = head is not None
                if head is not None and head != self._copied()[0]:
                    self._copy()
                return
            except duckdb.Error as error:
                if n_tries == _MOST_TRIES - 1 or not _is_passing(error):
                    raise WarehouseError(f"{self} cannot be opened: {without_passwords(first_line(error))}") from error
            except OSError as error:
                raise WarehouseError(f"{self} cannot be copied to {self._published.parent}: {error}") from error
            _wait(n_tries)

    def _asked_head(self) -> str | None:
        """The commit that the lake holds now; null if there is none yet."""
        con = self._connected()
        try:
            engine.attach_lake(con, self._lake, LAKE, is_read_only=True)
        except duckdb.Error as error:
            if engine.is_no_lake(error, self._lake):
                return None
            raise
        try:
            return head_of(con, LAKE)
        finally:
            con.execute(f"detach {LAKE}")

    def _copy(self) -> None:
        """Replaces the copy by one of the lake's present state."""
        self._published.parent.mkdir(parents=True, exist_ok=True)
        part = self._published.with_name(f"{self._published.name}.{uuid.uuid4().hex[:8]}")
        try:
            seal = self._changed_copy(part) or self._whole_copy(part)
            part.chmod(PUBLISHED_MODE)
            with durable("published file"):
                if seal is not None:
                    write_seal(self._published, seal)
                part.replace(self._published)
        finally:
            engine.remove(part)

    def _changed_copy(self, part: Path) -> Seal | None:
        """Makes it from the copy of an earlier state and what commits have changed since. Null if that cannot be done."""
        if self._lake.kind == "md" or not self.copy_to(part):
            return None
        copied, con = self._sealed, self._connected()
        try:
            engine.attach_lake(con, self._lake, LAKE, is_read_only=True)
            engine.attach_to_write(con, part, COPY)
            with engine.within(con, COPY):
                is_done = bring_up_to_date(con)
            if is_done:
                with durable("published file"):
                    engine.finish_attached(con, COPY)
                con.execute(f"detach {LAKE}")
        except duckdb.Error as error:
            self._leave()
            if _is_passing(error):
                raise
            return None  # what is wrong with the lake the whole copy will tell
        if not is_done:
            self._leave()
            return None
        if is_anew := copied is not None and is_bloated(part, copied):
            engine.write_anew(part)
        return seal_of(part, copied, is_anew=is_anew)

    def _whole_copy(self, part: Path) -> Seal | None:
        """Makes it from all rows of the lake. Null if other code made these: no state can be built on them."""
        with engine.create(part) as con:
            engine.attach_lake(con, self._lake, LAKE, is_read_only=True)
            is_ours = copy_whole(con)
            con.execute(f"detach {LAKE}")
            with durable("published file"):
                con.execute("checkpoint")
        return seal_of(part) if is_ours else None


def _is_passing(error: duckdb.Error) -> bool:
    """Whether the same may succeed a moment later."""
    text = str(error).lower()
    return any(sign in text for sign in _PASSING)


def _wait(n_tries: int) -> None:
    """Waits for a random time, on average longer after each try."""
    time.sleep(random.uniform(0, min(_LONGEST_WAIT_S, 0.1 * 2**n_tries)))


def _chain(first: Load) -> str:
    """The name of a ledger: what its first line says, which never changes."""
    sources = sorted(f"{each.source_id} {each.state} {each.changes_blob}" for each in first.sources)
    text = "|".join([first.as_of_at, first.kind, first.endpoint, *sources])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
