"""A DuckDB file as target: the new file is built beside the published one and replaces it in one step."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.durable import durable, sync
from leaderboard_etl.errors import WarehouseError, first_line
from leaderboard_etl.raw.ledger import Load
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.base import Basis, Staged, Target
from leaderboard_etl.target.seal import Seal, copy_bytes, hash_of, is_bloated, read_seal, seal_of, write_seal
from leaderboard_etl.target.space import expect_space

# Read-only for everyone, so that another user's `duckdb leaderboard.duckdb` cannot change the published file either.
PUBLISHED_MODE = 0o444


class FileTarget(Target):
    """A published DuckDB file, and the staging file in which the next one is built."""

    def __init__(self, warehouse: Warehouse, published: Path, staging: Path) -> None:
        self._warehouse, self._published, self._staging = warehouse, published, staging
        self._writer: duckdb.DuckDBPyConnection | None = None
        # The seal of the published file, and its state on disk when it was found to be right; null: it was not.
        self._sealed: Seal | None = None
        self._sealed_stat: os.stat_result | None = None
        self._most_memory_bytes: int | None = None
        # Of the published file, if the staged one is a copy of it; null: it is not.
        self._seal_of_copied: Seal | None = None

    def __str__(self) -> str:
        return str(self._published)

    @property
    def name(self) -> str:
        return self._published.name

    def is_there(self) -> bool:
        return self._published.exists()

    def log_left(self) -> Path | None:
        log = engine.log_of(self._published)
        return log if log.exists() else None

    def read(self) -> duckdb.DuckDBPyConnection:
        return engine.open_file(self._published)

    def attach_to(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        engine.attach(con, self._published, name)

    def held(self, con: duckdb.DuckDBPyConnection, loads: Sequence[Load]) -> tuple[list[tuple[int, datetime]], bool]:
        held = con.execute("select load_id, as_of_at from ops.loads order by load_id").fetchall()
        return held, con.execute("select code_version from ops.build").fetchall() == [(code_version(),)]

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.close()
        engine.remove(self._staging)

    def is_sealed(self) -> bool:
        seal = read_seal(self._published)
        with suppress(OSError):
            before = self._published.stat()
            if seal is not None and hash_of(self._published) == seal.xxh3_128:
                self._sealed, self._sealed_stat = seal, before
                return True
        return False

    def copy_to(self, path: Path) -> bool:
        seal, now = self._sealed, self._published.stat()
        if seal is None or not seal.is_sorted or _changed(now, self._sealed_stat):
            return False
        copy_bytes(self._published, path)
        return True

    def _begin(self, basis: Basis, loads: Sequence[Load]) -> tuple[duckdb.DuckDBPyConnection, int | None]:
        expect_space(self._warehouse)
        engine.remove(self._staging)
        n_held = basis.copy_to(self._staging, loads)
        self._seal_of_copied = read_seal(self._published) if n_held is not None else None
        self._most_memory_bytes = basis.most_memory_bytes
        self._writer = engine.open_to_write(self._staging, most_memory_bytes=self._most_memory_bytes)
        return self._writer, n_held

    def _seal(self, staged: Staged) -> None:
        """Closes the staging file: checkpoints and syncs it, and checks that every table holds the rows that were
        written."""
        path, con = self._staging, staged.con
        with durable("staging file"):
            try:
                n_staged = _row_counts(con)
                con.execute("checkpoint")
                engine.let_go(con)
                copied = self._seal_of_copied
                if is_anew := copied is not None and is_bloated(path, copied):
                    engine.write_anew(path, most_memory_bytes=self._most_memory_bytes)
                if engine.log_of(path).exists():
                    raise WarehouseError(f"{path} is not whole, its log still holds a part: nothing was published")
                sync(path)
                engine.look_again(con, path)
                n_written = _row_counts(con)
                con.close()
                self._seal_of_staged = seal_of(path, copied, is_anew=is_anew)
            except (duckdb.Error, OSError) as error:
                raise WarehouseError(
                    f"{path} could not be written ({first_line(error)}): nothing was published; free space and run again"
                ) from error
            differing = [name for name, count in n_staged.items() if n_written.get(name) != count]
            if differing:
                name = differing[0]
                raise WarehouseError(
                    f"{path} was not written whole, {name} holds {n_written.get(name)} of {n_staged[name]} rows: nothing was"
                    " published; look at the disk and run again"
                )

    def _show(self) -> str | None:
        try:
            note = self._put_log_aside()
            self._staging.chmod(PUBLISHED_MODE)
            with durable("published file"):
                write_seal(self._published, self._seal_of_staged)
                self._staging.replace(self._published)
                sync(self._published.parent)
        except OSError as error:
            raise WarehouseError(f"{self._published} could not be replaced ({error}): nothing was published") from error
        return note

    def _put_log_aside(self) -> str | None:
        """Renames a log that another writer left, because DuckDB would replay it into the new file or refuse it.
        Returns a note; null if there is no log."""
        log = self.log_left()
        if log is None:
            return None
        aside = log.with_name(f"{log.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        with durable("wal aside"):
            log.replace(aside)
            sync(log.parent)
        return f"{log.name}, which another writer left beside the published file, is now {aside.name}"


def _changed(now: os.stat_result, before: os.stat_result | None) -> bool:
    return before is None or (now.st_ino, now.st_size, now.st_mtime_ns) != (
        before.st_ino,
        before.st_size,
        before.st_mtime_ns,
    )


def _row_counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    query = " union all ".join(f"select '{name}', count(*) from {name}" for name in tables())
    return dict(con.execute(query).fetchall())
