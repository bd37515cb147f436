"""Makes ledger lines again from the published file, which has a row for each load, each source and each file.

The lists of changes come out identical, byte for byte; the raw store proves it if it has a list under the resulting id.
The file does not record where a budget stopped, how much was left, and when the run ended.
"""

from __future__ import annotations

from collections import defaultdict

import duckdb
import msgspec

from leaderboard_etl import engine
from leaderboard_etl.doctor.published import Published
from leaderboard_etl.raw.blob_ids import sha256_id
from leaderboard_etl.raw.ledger import Changes, Drift, FileVersion, JudgementChange, Load, Place, SourceLoad, format_utc


def remade_loads(published: Published) -> tuple[dict[int, Load], dict[str, bytes]]:
    """(loads by id, lists of changes by blob id), as far as the published file records them."""
    changes = _changes(published)
    contents = {key: msgspec.json.encode(each) for key, each in changes.items()}
    ids = {key: sha256_id(content) for key, content in contents.items()}
    sources: dict[int, list[SourceLoad]] = defaultdict(list)
    drift: dict[tuple[int, str], list[Drift]] = defaultdict(list)
    with engine.open_file(published.path) as con:
        for load_id, *values in con.execute(f"select * from ops.drift order by {engine.ROW_ID}").fetchall():
            drift[load_id, values[0]].append(Drift(*values))
        columns = "load_id, source_id, state, message, revision, api_calls, file_calls"
        for load_id, *values_of_source in con.execute(
            f"select {columns} from ops.load_sources order by all"
        ).fetchall():
            source = SourceLoad(*values_of_source)
            source.changes_blob, source.drift = (
                ids.get((load_id, values_of_source[0])),
                drift[load_id, values_of_source[0]],
            )
            sources[load_id].append(source)
        judgements = _judgements(con)
    loads = {
        load_id: Load(
            load_id,
            row["kind"],
            row["status"],
            format_utc(row["as_of_at"]),
            row["endpoint"],
            row["code_version"],
            sources[load_id],
            row["message"],
            judgements=judgements.get(load_id),
        )
        for load_id, row in published.loads.items()
    }
    return loads, {ids[key]: content for key, content in contents.items()}


def _judgements(con: duckdb.DuckDBPyConnection) -> dict[int, list[JudgementChange]]:
    """What each load changed in what is judged, of those that compared; none in a file of code that recorded nothing."""
    try:
        compared = con.execute("select load_id from ops.loads where is_compared").fetchall()
        told = con.execute(f"select * from ops.judgement_changes order by {engine.ROW_ID}").fetchall()
    except (duckdb.BinderException, duckdb.CatalogException):
        return {}
    judgements: dict[int, list[JudgementChange]] = {load_id: [] for (load_id,) in compared}
    for load_id, *change in told:
        judgements[load_id].append(JudgementChange(*change))
    return judgements


def _changes(published: Published) -> dict[tuple[int, str], Changes]:
    changed: dict[tuple[int, str], list[FileVersion]] = defaultdict(list)
    ended: dict[tuple[int, str], set[Place]] = defaultdict(set)
    for version, source_id, (first, last) in published.files:
        changed[first, source_id].append(version)
        if last is not None:
            ended[last, source_id].add(version.place)
    rows = {}
    for key in {*changed, *ended}:
        gone = ended[key] - {version.place for version in changed[key]}
        rows[key] = Changes(sorted(changed[key]), sorted(gone))
    return rows
