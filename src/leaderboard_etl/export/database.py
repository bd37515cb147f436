"""Writes warehouse.duckdb: the whole state of a snapshot as one commented DuckDB file, for any DuckDB client."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.migrations import schema_version
from leaderboard_etl.contracts.public import public_version
from leaderboard_etl.contracts.schema import wide_views
from leaderboard_etl.policy import Policy
from leaderboard_etl.warehouse.audit import audit
from leaderboard_etl.warehouse.history import policy_texts

DATABASE = "warehouse.duckdb"


def complete_database(con: duckdb.DuckDBPyConnection) -> None:
    """Adds to a state as of a day what otherwise only a run writes: the code version and the findings of the audit."""
    made_by = [code_version(), schema_version(), public_version()]
    con.execute("insert into ops.build select $1, max(load_id), $2, $3 from ops.loads", made_by)
    audit(con, None, Policy(policy_texts(con)).frame("accepted_warnings"))


def database_facts(path: Path) -> dict[str, Any]:
    """Bytes, sha256 and storage version of the file, and the row count and content hash of each table and of each view that
    stands for one.

    DuckDB writes a new random identity into each file, so the file's own bytes differ each time; the content hashes are
    the same for the same state.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with engine.open_file(path) as con:
        names = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where not internal order by all"
        ).fetchall()
        content = {name: _content(con, name) for name in sorted([*(name for (name,) in names), *wide_views()])}
        version = con.execute("select tags['storage_version'] from duckdb_databases() where not internal").fetchall()
    return {
        "bytes": path.stat().st_size,
        "sha256": digest,
        "storage_version": version[0][0],
        "tables": content,
    }


def _content(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    [(rows, digest)] = con.execute(
        f"select count(*), coalesce(sum(hash(t)::hugeint), 0)::varchar from {name} as t"
    ).fetchall()
    return {"rows": rows, "content_hash": digest}
