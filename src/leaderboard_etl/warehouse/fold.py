"""Folds loads into a staging file: parse what changed, apply the rules, merge with history, record the counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.errors import EtlError, SourceError, WarehouseError
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Changes, Drift, FileState, FileVersion, Load, SourceLoad, parse_utc, read_changes
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.sources.base import TARGETS, Parsed, SourceFile
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import POLICY_SOURCE, SOURCES
from leaderboard_etl.sources.rules import apply_rules
from leaderboard_etl.warehouse.history import merge
from leaderboard_etl.warehouse.repeats import without_repeats

# The records of so many bytes and files fit in memory beside them, for any number of batches.
_MOST_BYTES_AT_ONCE, _MOST_FILES_AT_ONCE = 24 << 20, 400


def policy_in_force(store: BlobStore, state: FileState) -> Policy:
    """The policy whose files are current."""
    files = state.of(POLICY_SOURCE).values()
    return Policy({file.path.removesuffix(".csv"): store.get(file.blob_id) for file in files})


Batch = tuple[Sequence[FileVersion], Parsed]


def parse_batches(source: Source, files: Iterable[FileVersion], store: BlobStore, policy: Policy) -> Iterator[Batch]:
    """What a source reads from the given landed files, one batch at a time, with every record that breaks a rule in its
    quarantine.

    Raises ContractError or SourceError as the source's parser does, and SourceError if the parser itself crashes.
    """
    for versions in _batches(sorted(files)):
        contents = dict(store.read(file.blob_id for file in versions))
        absent = [file for file in versions if file.blob_id not in contents]
        if absent:
            raise WarehouseError(
                f"{store.path} lacks files of {source.source_id}, the first {absent[0].path} of {absent[0].repo_id}: fetch"
                " them again with `leaderboard-etl run --full`"
            )
        read = _parse(source, [SourceFile(file, contents[file.blob_id]) for file in versions], policy)
        yield versions, apply_rules(read, source, policy.benchmarks)


def _parse(source: Source, files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """A crash of one parser, which no file should be able to cause, must not cost the other sources their night."""
    try:
        return source.parse(files, policy)
    except EtlError:
        raise
    except Exception as error:
        for file in files if len(files) > 1 else ():
            _parse(source, [file], policy)  # raises for the one that it is
        version = files[0].version
        raise SourceError(
            f"{version.path} of {version.repo_id} broke the parser of {source.source_id} ({type(error).__name__}: {error});"
            " the parser needs mending"
        ) from error


def _batches(versions: Iterable[FileVersion]) -> Iterator[list[FileVersion]]:
    """The files in order, some at a time. Files of one model's place stay together, because keys are unique among them and one
    file may explain another."""
    batch: list[FileVersion] = []
    n_bytes = 0
    for _, together in groupby(versions, _subject):
        files = list(together)
        size = sum(file.size_bytes for file in files)
        if batch and (n_bytes + size > _MOST_BYTES_AT_ONCE or len(batch) + len(files) > _MOST_FILES_AT_ONCE):
            yield batch
            batch, n_bytes = [], 0
        batch += files
        n_bytes += size
    if batch:
        yield batch


def _subject(file: FileVersion) -> tuple[str, str]:
    """A model's repository, or a folder of a repository with files about many."""
    return file.repo_id, "" if file.repo_type == "model" else file.path.rpartition("/")[0]


def fold_load(
    con: duckdb.DuckDBPyConnection,
    store: BlobStore,
    state: FileState,
    load: Load,
    *,
    parsed: Mapping[str, Parsed] | None = None,
) -> None:
    """Applies one load of the ledger to `state` and to the history, raw and ops tables of the staging file.

    `parsed` holds results that the caller has for exactly this load's files; others are parsed here.
    """
    state.apply(load)
    has_new_policy = _fold_policy(con, store, load)
    policy = policy_in_force(store, state)
    _insert_rows(con, "ops.loads", [_load_row(load)])
    for entry in load.sources:
        changes = read_changes(store, entry) if load.is_applied else Changes()
        counts = _nothing_read()
        if load.is_applied:
            _fold_files(con, entry.source_id, changes, load.load_id)
            source = SOURCES.get(entry.source_id)
            if source is not None:
                files = list(state.of(source.source_id).values()) if has_new_policy else changes.changed
                at_hand = (parsed or {}).get(source.source_id)
                batches = parse_batches(source, files, store, policy) if at_hand is None else [(files, at_hand)]
                # Another file may now state what a file that is gone stated.
                _fold_batch(con, load, source, changes.gone, Parsed(), counts)
                unread = {file.place for file in files}
                for number, (read, result) in enumerate(batches):
                    if number:  # a transaction holds in memory what it wrote until its end
                        con.commit().begin()
                    places = [file.place for file in read]
                    unread.difference_update(places)
                    result = without_repeats(con, source.source_id, result, places, unread)
                    _fold_batch(con, load, source, places, result, counts)
        _insert_rows(con, "ops.load_sources", [_source_row(load, entry, changes, counts)])
        _insert_rows(con, "ops.drift", [_drift_row(load, drift) for drift in entry.drift])


def _fold_batch(
    con: duckdb.DuckDBPyConnection,
    load: Load,
    source: Source,
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
            con, target, parsed.frame(target), source.source_id, scope, load_id=load.load_id, as_of_at=load.as_of()
        )
        if target == "quarantine":
            counts["rows_quarantined"] += held
        else:
            counts["rows_stored"] += held
            counts["rows_added"] += opened
            counts["rows_closed"] += closed


def _fold_policy(con: duckdb.DuckDBPyConnection, store: BlobStore, load: Load) -> bool:
    entry = load.source(POLICY_SOURCE)
    if entry is None or not load.is_applied:
        return False
    changes = read_changes(store, entry)
    names = [path.removesuffix(".csv") for _, _, path in changes.gone]
    names += [file.path.removesuffix(".csv") for file in changes.changed]
    for name in names:
        con.execute(
            "update history.policy_files set valid_to = $at, closed_load_id = $load where name = $name and valid_to is null",
            {"at": load.as_of(), "load": load.load_id, "name": name},
        )
    for file in changes.changed:
        con.execute(
            "insert into history.policy_files values (?, ?, ?, ?, null, ?, null)",
            [
                file.path.removesuffix(".csv"),
                file.blob_id,
                store.get(file.blob_id).decode("utf-8"),
                load.load_id,
                load.as_of(),
            ],
        )
    return bool(changes)


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
