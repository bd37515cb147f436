"""Folding loads into a state: what their sources say is merged with history, and the books are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.raw.ledger import Changes, Drift, Load, SourceLoad, parse_utc
from leaderboard_etl.reading.loads import Part, Told
from leaderboard_etl.sources.base import TARGETS, Parsed
from leaderboard_etl.warehouse.history import merge
from leaderboard_etl.warehouse.repeats import without_repeats


def fold_load(con: duckdb.DuckDBPyConnection, told: Told) -> None:
    """Applies one load to the history, raw and ops tables of a state, within the transaction that is open."""
    load = told.load
    _fold_policy(con, told)
    _insert_rows(con, "ops.loads", [_load_row(load)])
    for part in told.parts:
        _fold_files(con, part.entry.source_id, part.changes, load.load_id)
        counts = _fold_part(con, load, part)
        _insert_rows(con, "ops.load_sources", [_source_row(load, part.entry, part.changes, counts)])
        _insert_rows(con, "ops.drift", [_drift_row(load, drift) for drift in part.entry.drift])


def _fold_part(con: duckdb.DuckDBPyConnection, load: Load, part: Part) -> dict[str, int]:
    """Makes history say what a source says; returns what that adds to its books."""
    source_id = part.entry.source_id
    counts = _nothing_read()
    # What a file that is gone said may stand in another one now.
    _fold_batch(con, load, source_id, part.changes.gone, Parsed(), counts)
    unread = {file.place for file in part.files}
    for number, (files, parsed) in enumerate(part.batches):
        if number:  # what a transaction wrote is held in memory until its end
            con.commit().begin()
        places = [file.place for file in files]
        unread.difference_update(places)
        _fold_batch(con, load, source_id, places, without_repeats(con, source_id, parsed, places, unread), counts)
    return counts


def _fold_batch(
    con: duckdb.DuckDBPyConnection,
    load: Load,
    source_id: str,
    places: Sequence[Sequence[str]],
    parsed: Parsed,
    counts: dict[str, int],
) -> None:
    """Brings history in line with what was read from the files at some places, and adds to the counts of the load."""
    if not places:
        return
    scope = pl.DataFrame([tuple(place) for place in places], schema=["repo_type", "repo_id", "path"], orient="row")
    # Records are counted when they are read, and again in the tables: sql/checks/loads_add_up.sql compares the two.
    counts["source_rows"] += parsed.source_rows
    counts["rows_in"] += parsed.rows_in or 0
    for target in (*TARGETS, "quarantine"):
        held, opened, closed = merge(
            con, target, parsed.frame(target), source_id, scope, load_id=load.load_id, as_of_at=load.as_of()
        )
        if target == "quarantine":
            counts["rows_quarantined"] += held
        else:
            counts["rows_stored"] += held
            counts["rows_added"] += opened
            counts["rows_closed"] += closed


def _fold_policy(con: duckdb.DuckDBPyConnection, told: Told) -> None:
    load, changes = told.load, told.policy
    names = [path.removesuffix(".csv") for _, _, path in changes.gone]
    names += [file.path.removesuffix(".csv") for file in changes.changed]
    for name in names:
        con.execute(
            "update history.policy_files set valid_to = $at, closed_load_id = $load where name = $name and valid_to is null",
            {"at": load.as_of(), "load": load.load_id, "name": name},
        )
    for file in changes.changed:
        text = told.policy_texts[file.blob_id].decode("utf-8")
        con.execute(
            "insert into history.policy_files values (?, ?, ?, ?, null, ?, null)",
            [file.path.removesuffix(".csv"), file.blob_id, text, load.load_id, load.as_of()],
        )


def _fold_files(con: duckdb.DuckDBPyConnection, source_id: str, changes: Changes, load_id: int) -> None:
    if not changes:
        return
    places = [file.place for file in changes.changed] + [tuple(place) for place in changes.gone]
    con.register("places", pl.DataFrame(places, schema=["repo_type", "repo_id", "path"], orient="row"))
    con.execute(
        "update raw.files set last_load_id = ? where source_id = ? and last_load_id is null"
        " and (repo_type, repo_id, path) in (from places)",
        [load_id, source_id],
    )
    con.unregister("places")
    rows = [
        (
            source_id,
            *(file.repo_type, file.repo_id, file.revision, file.path, file.blob_id, file.size_bytes),
            load_id,
            None,
            parse_utc(file.fetched_at),
        )
        for file in changes.changed
    ]
    _insert_rows(con, "raw.files", rows)


def _insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    if not rows:
        return
    names = [column.name for column in tables()[table].columns]
    con.register("incoming", pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None))
    con.execute(f"insert into {table} select * from incoming")
    con.unregister("incoming")


def _nothing_read() -> dict[str, int]:
    names = ("source_rows", "rows_in", "rows_stored", "rows_quarantined", "rows_added", "rows_closed")
    return dict.fromkeys(names, 0)


def _load_row(load: Load) -> tuple[object, ...]:
    return (load.load_id, load.kind, load.status, load.as_of(), load.endpoint, load.code_version, load.message)


def _source_row(load: Load, entry: SourceLoad, changes: Changes, counts: Mapping[str, int]) -> tuple[object, ...]:
    return (
        load.load_id,
        entry.source_id,
        entry.state,
        entry.message,
        entry.revision,
        entry.api_calls,
        entry.file_calls,
        len(changes.changed),
        len(changes.gone),
        sum(file.size_bytes for file in changes.changed),
        *(counts[name] for name in _nothing_read()),
    )


def _drift_row(load: Load, drift: Drift) -> tuple[object, ...]:
    return (load.load_id, drift.source_id, drift.kind, drift.subject, drift.message, drift.is_held)
