"""Examines the published file: whether all of it can be read, which loads it holds, and whether its counts agree with
raw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.doctor.faults import Fault, counted
from leaderboard_etl.errors import first_line
from leaderboard_etl.raw.ledger import Changes, FileVersion, Load, format_utc
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.opening import refuse_newer_state
from leaderboard_etl.warehouse.books import Entry, entries

_LEDGER_COLUMNS = ("kind", "status", "as_of_at", "endpoint", "code_version", "message")
FROM_RAW = "rebuilds the file from raw"
# File version, source id, (first load id, id of the load that ended it, or null).
HeldFile = tuple[FileVersion, str, tuple[int, int | None]]


@dataclass
class Published:
    """The published file. `loads` are the rows of ops.loads by id, `files` those of raw.files: empty if the file cannot be read;
    `trouble` says why it cannot. `books` are its row counts; null: it lacks tables or columns of this version."""

    path: Path
    loads: dict[int, dict[str, Any]] = field(default_factory=dict)
    trouble: str | None = None
    files: list[HeldFile] = field(default_factory=list)
    books: list[Entry] | None = None

    @property
    def is_sound(self) -> bool:
        return self.path.exists() and self.trouble is None


def read_published(path: Path) -> Published:
    """Opens the published file, once because that takes a fifth of an examination, and reads every table completely, because
    damage shows only when it is read. Raises WarehouseError if newer code made it."""
    if not path.exists():
        return Published(path)
    if not path.stat().st_size:
        return Published(path, trouble="is empty")
    try:
        with engine.open_file(path) as con:
            refuse_newer_state(con, path)
            names = con.sql(
                "select schema_name || '.' || table_name from duckdb_tables() where not internal"
            ).fetchall()
            for (name,) in names:
                con.execute(f"select sum(hash(t)::hugeint) from {name} as t").fetchall()
            columns = ", ".join(_LEDGER_COLUMNS)
            rows = con.execute(f"select load_id, {columns} from ops.loads order by load_id").fetchall()
            files, books = _files(con), _books(con)
    except duckdb.Error as error:
        return Published(path, trouble=f"cannot be read ({first_line(error)})")
    loads = {row[0]: dict(zip(_LEDGER_COLUMNS, row[1:], strict=True)) for row in rows}
    return Published(path, loads, files=files, books=books)


def _files(con: duckdb.DuckDBPyConnection) -> list[HeldFile]:
    rows = con.execute(
        "select repo_type, repo_id, path, revision, blob_id, size_bytes, fetched_at, source_id, first_load_id, last_load_id"
        " from raw.files order by all"
    ).fetchall()
    return [
        (FileVersion(kind, repo, path, revision, blob_id, size, format_utc(at)), source_id, (first, last))
        for kind, repo, path, revision, blob_id, size, at, source_id, first, last in rows
    ]


def _books(con: duckdb.DuckDBPyConnection) -> list[Entry] | None:
    try:
        return entries(con)
    except duckdb.Error:
        return None


def examine_published(
    warehouse: Warehouse, published: Published, loads: Mapping[int, Load], changes: Mapping[tuple[int, str], Changes]
) -> Iterator[Fault]:
    """Yields the faults of the published file, given the sound lines of the ledger and the landed changes by (load id,
    source id)."""
    applied = [load_id for load_id, load in loads.items() if load.is_applied]
    if published.trouble is not None:
        yield Fault(
            "published",
            f"{published.path} {published.trouble}",
            "the published state" if applied else "what the file held: no load of the ledger is applied",
            f"raw: it holds {counted(sorted(applied))}" if applied else None,
            FROM_RAW if applied else None,
        )
        return
    if not published.path.exists():
        if applied:
            yield Fault(
                "published",
                f"{published.path} is not there",
                "the published state",
                "raw: it holds every load",
                FROM_RAW,
            )
        return
    yield from _compare_counts(published, loads, changes)
    news = [load_id for load_id in applied if load_id not in published.loads and _has_news(loads[load_id])]
    if news:
        yield Fault(
            "published",
            f"{published.path} lacks {counted(sorted(news))} of the ledger: a run was killed before it published",
            repair=FROM_RAW,
        )


def differs(row: Mapping[str, Any], load: Load) -> str | None:
    """The first field of a load that differs between the published file and the ledger line; null if there is none."""
    of_line: dict[str, str | datetime | None] = {name: getattr(load, name) for name in _LEDGER_COLUMNS}
    of_line["as_of_at"] = load.as_of()
    return next((name for name in _LEDGER_COLUMNS if of_line[name] != row[name]), None)


def _has_news(load: Load) -> bool:
    return any(source.changes_blob for source in load.sources)


def _compare_counts(
    published: Published, loads: Mapping[int, Load], changes: Mapping[tuple[int, str], Changes]
) -> Iterator[Fault]:
    """Compares the rows of each load in the file with raw, and with the counts that the file itself records."""
    if published.books is None:
        yield Fault(
            "published",
            f"{published.path} lacks tables or columns of this version: other code made it",
            repair=FROM_RAW,
        )
        return
    for entry in published.books:
        wrong = [entry.fault] if entry.fault else []
        landed = changes.get((entry.load_id, entry.source_id))
        if landed is not None and (entry.files_changed, entry.files_gone) != (len(landed.changed), len(landed.gone)):
            wrong.append(
                f"{entry.files_changed} files changed and {entry.files_gone} gone, where raw has {len(landed.changed)} and"
                f" {len(landed.gone)}"
            )
        if wrong:
            yield Fault(
                "published",
                f"{published.path}, load {entry.load_id}, {entry.source_id}: {'; '.join(wrong)}: something else wrote to it",
                "the published state as it was made",
                "raw",
                FROM_RAW,
            )
