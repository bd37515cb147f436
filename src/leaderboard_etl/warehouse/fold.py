"""Folds loads into a state: merges what their sources contribute with the history, and records the counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import duckdb
import polars as pl
from msgspec.structs import astuple

from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.raw.ledger import Changes, Drift, JudgementChange, Load, Place, SourceLoad, parse_utc
from leaderboard_etl.reading.loads import LoadContent, Part
from leaderboard_etl.sources.base import TARGETS, Parsed
from leaderboard_etl.sources.rules import KEYS, repeated
from leaderboard_etl.warehouse.history import history_table, merge, never_stated
from leaderboard_etl.warehouse.measurements import merge_measured

_PLACE = ["repo_type", "repo_id", "path"]
# The key of the other targets contains the file.
_ACROSS_FILES = tuple(target for target, key in KEYS.items() if "path" not in key)


def fold_load(con: duckdb.DuckDBPyConnection, content: LoadContent) -> None:
    """Applies one load to the history, raw and ops tables of a state, within the open transaction."""
    load = content.load
    _fold_policy(con, content)
    _insert_rows(con, "ops.loads", [_load_row(load)])
    insert_judgement_changes(con, load.load_id, load.judgements or [])
    sources = []
    for part in content.parts:
        _fold_files(con, part.entry.source_id, part.changes, load.load_id)
        counts = _fold_part(con, load, part)
        sources.append(_source_row(load, part.entry, part.changes, counts))
    _insert_rows(con, "ops.load_sources", sources)
    _insert_rows(con, "ops.drift", [_drift_row(load, drift) for part in content.parts for drift in part.entry.drift])


def insert_judgement_changes(con: duckdb.DuckDBPyConnection, load_id: int, changes: Sequence[JudgementChange]) -> None:
    """Adds what a load changed in what is judged to ops.judgement_changes."""
    _insert_rows(con, "ops.judgement_changes", [(load_id, *astuple(change)) for change in changes])


def _fold_part(con: duckdb.DuckDBPyConnection, load: Load, part: Part) -> dict[str, int]:
    """Updates the history with one source's contribution; returns its counts."""
    source_id = part.entry.source_id
    counts = _zero_counts()
    if not part.changes and not part.files:
        return counts
    first = never_stated(con, (*TARGETS, "quarantine"), source_id, load.load_id)
    # Close the rows of files that are gone first, because their content may be in another file now.
    _fold_batch(con, load, source_id, part.changes.gone, Parsed(), counts, first)
    unread_places = {file.place for file in part.files}
    seen: dict[str, set[tuple[object, ...]]] = {target: set() for target in _ACROSS_FILES}
    for number, (files, parsed) in enumerate(part.batches):
        # An open transaction keeps everything that it wrote in memory.
        if number:
            con.commit().begin()
        places = [file.place for file in files]
        unread_places.difference_update(places)
        suspects = _suspects(parsed, seen, first)
        kept = _without_repeats(con, source_id, parsed, places, unread_places, suspects) if suspects else parsed
        _fold_batch(con, load, source_id, places, kept, counts, first)
    return counts


def _fold_batch(
    con: duckdb.DuckDBPyConnection,
    load: Load,
    source_id: str,
    places: Sequence[Place],
    parsed: Parsed,
    counts: dict[str, int],
    first: Collection[str],
) -> None:
    """Updates the history of some files with what was read from them, and adds to the counts of the load. `first` are the targets
    that the source never stated before."""
    if not places:
        return
    scope = pl.DataFrame(places, schema=_PLACE, orient="row")
    # Records are counted while reading and again in the tables; sql/checks/loads_add_up.sql compares both counts.
    counts["source_rows"] += parsed.source_rows
    counts["rows_in"] += parsed.rows_in or 0
    for target in (*TARGETS, "quarantine"):
        load_id, as_of_at, is_first = load.load_id, load.as_of(), target in first
        if target == "subtask_scores":
            measured = parsed.subtask_scores
            changed = merge_measured(
                con, measured, source_id, scope, load_id=load_id, as_of_at=as_of_at, is_first=is_first
            )
        else:
            changed = merge(
                con,
                target,
                parsed.frame(target),
                source_id,
                scope,
                load_id=load_id,
                as_of_at=as_of_at,
                is_first=is_first,
            )
        n_open, n_opened, n_closed = changed
        if target == "quarantine":
            counts["rows_quarantined"] += n_open
        else:
            counts["rows_stored"] += n_open
            counts["rows_added"] += n_opened
            counts["rows_closed"] += n_closed


def _suspects(parsed: Parsed, seen: Mapping[str, set[tuple[object, ...]]], first: Collection[str]) -> list[str]:
    """The targets of which another file may hold the same key. Of one that the source never stated before, only files of this
    load can, so it suffices to remember their models and runs in `seen`."""
    suspects = []
    for target, before in seen.items():
        if not parsed.count(target):
            continue
        frame = parsed.subtask_scores.runs if target == "subtask_scores" else parsed.frame(target)
        runs = set(frame.select("source_name", "run_id").unique().iter_rows())
        if target not in first or not before.isdisjoint(runs):
            suspects.append(target)
        before |= runs
    return suspects


def _without_repeats(
    con: duckdb.DuckDBPyConnection,
    source_id: str,
    parsed: Parsed,
    read: Sequence[Place],
    unread: Collection[Place],
    targets: Collection[str],
) -> Parsed:
    """Moves every record of `parsed` into quarantine whose key is in an open row of another file: a key may be in two tables
    of a repository or in two folders of a model, often on two days. Within one batch the rules keep the first record.

    `parsed` was read from the files at the places `read`. Open rows of the places `unread`, which the same load reads
    later, do not count. Only these `targets` can have such keys.
    """
    kept = replace(parsed)
    con.register("passed_over", pl.DataFrame([*read, *unread], schema=_PLACE, orient="row"))
    for target in targets:
        runs = parsed.subtask_scores.runs if target == "subtask_scores" else parsed.frame(target)
        if target == "subtask_scores" and not _runs_elsewhere(con, source_id, runs):
            continue
        elsewhere = _keys_elsewhere(con, target, source_id, runs)
        if elsewhere.is_empty():
            continue
        frame = parsed.frame(target)
        repeats = frame.join(elsewhere, on=elsewhere.columns, how="semi", nulls_equal=True)
        kept.put(target, frame.join(elsewhere, on=elsewhere.columns, how="anti", nulls_equal=True))
        kept.quarantine = pl.concat([kept.quarantine, repeated(repeats, target, "of another file")])
    con.unregister("passed_over")
    return kept


def _keys_elsewhere(con: duckdb.DuckDBPyConnection, target: str, source_id: str, runs: pl.DataFrame) -> pl.DataFrame:
    """The keys in open rows of other files, for the models and runs of the frame."""
    con.register("read_now", runs.select("source_name", "run_id").unique())
    keys: pl.DataFrame = con.sql(
        f"""
        select distinct {", ".join(KEYS[target])}
        from {history_table(target)}
        semi join read_now using (source_name, run_id)
        anti join passed_over using (repo_type, repo_id, path)
        where valid_to is null and source_id = ?
        """,
        params=[source_id],
    ).pl()
    con.unregister("read_now")
    return keys


def _runs_elsewhere(con: duckdb.DuckDBPyConnection, source_id: str, runs: pl.DataFrame) -> bool:
    """Whether other files ever held subtask scores of these models and runs; nearly always none did."""
    con.register("read_now", runs.select("source_name", "run_id").unique())
    found = con.execute(
        """
        select 1
        from history.runs
        semi join read_now using (source_name, run_id)
        anti join passed_over using (repo_type, repo_id, path)
        where source_id = ?
        limit 1
        """,
        [source_id],
    ).fetchall()
    con.unregister("read_now")
    return bool(found)


def _fold_policy(con: duckdb.DuckDBPyConnection, content: LoadContent) -> None:
    load, changes = content.load, content.policy
    names = [path.removesuffix(".csv") for _, _, path in changes.gone]
    names += [file.path.removesuffix(".csv") for file in changes.changed]
    for name in names:
        con.execute(
            "update history.policy_files set valid_to = $at, closed_load_id = $load where name = $name and valid_to is null",
            {"at": load.as_of(), "load": load.load_id, "name": name},
        )
    for file in changes.changed:
        text = content.policy_texts[file.blob_id].decode("utf-8")
        con.execute(
            "insert into history.policy_files values (?, ?, ?, ?, null, ?, null)",
            [file.path.removesuffix(".csv"), file.blob_id, text, load.load_id, load.as_of()],
        )


def _fold_files(con: duckdb.DuckDBPyConnection, source_id: str, changes: Changes, load_id: int) -> None:
    if not changes:
        return
    places = [*(file.place for file in changes.changed), *changes.gone]
    con.register("places", pl.DataFrame(places, schema=_PLACE, orient="row"))
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


def _zero_counts() -> dict[str, int]:
    columns = ("source_rows", "rows_in", "rows_stored", "rows_quarantined", "rows_added", "rows_closed")
    return dict.fromkeys(columns, 0)


def _load_row(load: Load) -> tuple[object, ...]:
    is_compared = load.judgements is not None
    return (
        load.load_id,
        load.kind,
        load.status,
        load.as_of(),
        load.endpoint,
        load.code_version,
        load.message,
        is_compared,
    )


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
        *(counts[name] for name in _zero_counts()),
    )


def _drift_row(load: Load, drift: Drift) -> tuple[object, ...]:
    return (load.load_id, drift.source_id, drift.kind, drift.subject, drift.message, drift.is_held)
