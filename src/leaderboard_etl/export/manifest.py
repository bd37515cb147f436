"""Writes manifest.json, which describes a snapshot and is the same for the same state, and build.json, which differs by
day and machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import duckdb
import polars as pl

from leaderboard_etl.code_version import code_version, export_version
from leaderboard_etl.contracts.schema import views
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.export.tables import Export, Selection
from leaderboard_etl.settings import PACKAGE
from leaderboard_etl.warehouse.database import end_of_day

MANIFEST = "manifest.json"
BUILD = "build.json"
README = "README.md"
TOOL = "leaderboard-etl"
# The packages whose versions decide the bytes of Parquet files and pictures.
PACKAGES = (
    *("duckdb", "polars", "pyarrow", "altair", "vl-convert-python", "jinja2"),
    *("huggingface_hub", "datasets", "prefect"),
)
TYPES: Mapping[Any, tuple[str, str]] = {
    pl.String: ("varchar", "string"),
    pl.Float64: ("double", "number"),
    pl.Int64: ("bigint", "integer"),
    pl.Int32: ("integer", "integer"),
    pl.Boolean: ("boolean", "boolean"),
    pl.Date: ("date", "date"),
}


def state_day(con: duckdb.DuckDBPyConnection) -> date:
    """The day for which the marts of a database were made. Raises WarehouseError if it is empty."""
    day: date | None = con.execute("select max(as_of_on) from mart.paper_claims").fetchall()[0][0]
    if day is None:
        raise WarehouseError("the warehouse holds no load: nothing can be exported")
    return day


def manifest(
    con: duckdb.DuckDBPyConnection,
    answers: Mapping[Export, Selection],
    files: Mapping[str, bytes],
    day: date,
    absent: Sequence[str] = (),
    is_redistributable: bool = False,
) -> dict[str, Any]:
    """Describes the snapshot `files`. `answers` are its tables; `con` holds the state as of `day`; `absent` are the
    files and folders that could not be made, or that hold what may not be passed on.

    The same state gives the same manifest.
    """
    loads = _loads(con, day)
    tables = {name: export for export in answers for name in (export.name, export.parquet_name)}
    described = {
        name: file_facts(content) | (_table_facts(tables[name], answers[tables[name]].shown) if name in tables else {})
        for name, content in files.items()
    }
    return {
        "tool": TOOL,
        "as_of": day.isoformat(),
        "hub": loads[-1][1],
        "code_version": code_version(),
        "export_version": export_version(),
        "load_ids": [load[0] for load in loads],
        "sources": _sources(con, [load[0] for load in loads]),
        "files": described,
        "absent": list(absent),
        "is_redistributable": is_redistributable,
        "excluded": {export.name: answer.left_out for export, answer in answers.items() if answer.left_out},
        "coverage": con.sql("select * from mart.coverage order by comparable_group, openness").pl().to_dicts(),
        "citations": citations(con),
    }


def citations(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The citation and licence of each source that was ever loaded; a row with `collection_id` covers only that part of
    the source."""
    rows = con.sql(
        """
        from core.citations
        where source_id in (select source_id from ops.load_sources where state = 'loaded')
        order by source_id, collection_id nulls first, citation
        """
    ).pl()
    return [{name: value for name, value in row.items() if value is not None} for row in rows.to_dicts()]


def build_facts(manifest: bytes, readme: bytes) -> dict[str, Any]:
    """When, where and with which packages this copy of the snapshot was made, and the hashes of its manifest.json and README.md,
    which tells what the manifest says."""
    return {
        "manifest": file_facts(manifest),
        "readme": file_facts(readme),
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": package_versions(),
        **_git_facts(),
    }


def package_versions() -> dict[str, str | None]:
    """Installed versions of PACKAGES; null: not installed."""
    return {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def dumped(value: object) -> bytes:
    """Indented JSON with sorted keys, whose bytes depend only on the value; dates are ISO 8601."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=str) + "\n").encode("utf-8")


def _loads(con: duckdb.DuckDBPyConnection, day: date) -> list[tuple[int, str]]:
    """(load id, hub) of the loads that changed the state by the end of a day, in the order of their dates.

    Loads that changed nothing are left out, because a night without news enters the file only when a later one
    publishes.
    """
    loads = con.execute(
        """
        select l.load_id, l.endpoint
        from ops.loads as l
        where l.status in ('published', 'degraded')
            and l.as_of_at <= ?
            and exists (
                select 1 from ops.load_sources as s
                where s.load_id = l.load_id and s.files_changed + s.files_gone > 0
            )
        order by l.as_of_at, l.load_id
        """,
        [end_of_day(day)],
    ).fetchall()
    if not loads:
        raise WarehouseError("the warehouse holds no load: nothing can be exported")
    return loads


def _sources(con: duckdb.DuckDBPyConnection, load_ids: list[int]) -> dict[str, dict[str, Any]]:
    """For each source its current revision (null if it has many repositories, or was never loaded), the load that last changed
    it, and its state in the newest load, with what was said of it: why it failed, or was held back."""
    rows = con.execute(
        """
        with taken as (

            select
                s.source_id, s.revision, s.load_id, s.state, s.message, l.as_of_at,
                s.state in ('loaded', 'unchanged') as is_taken, s.files_changed + s.files_gone > 0 as has_news
            from ops.load_sources as s
            join ops.loads as l using (load_id)
            where load_id in (select unnest($ids))

        )

        select
            source_id,
            arg_max(revision, (as_of_at, load_id)) filter (where is_taken),
            arg_max(load_id, (as_of_at, load_id)) filter (where is_taken and has_news),
            arg_max(state, (as_of_at, load_id)),
            arg_max(struct_pack(message), (as_of_at, load_id)).message
        from taken
        group by source_id
        order by source_id
        """,
        {"ids": load_ids},
    ).fetchall()
    return {
        name: {
            "revision": revision,
            "load_id": load_id,
            "state": state,
            **({} if message is None else {"message": message}),
        }
        for name, revision, load_id, state, message in rows
    }


def file_facts(content: bytes) -> dict[str, Any]:
    """Hash and size of a file."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _table_facts(export: Export, frame: pl.DataFrame) -> dict[str, Any]:
    sql = export.query_file.read_text(encoding="utf-8")
    return {
        "rows": frame.height,
        "columns": [{"name": name, "type": TYPES[dtype.base_type()][0]} for name, dtype in frame.schema.items()],
        "query": f"sql/exports/{export.query_file.name}",
        "query_sha256": hashlib.sha256(sql.encode()).hexdigest(),
        "views": {name: hashlib.sha256(views()[name].sql.encode()).hexdigest() for name in sorted(_views_read(sql))},
    }


@cache
def _views_read(sql: str) -> frozenset[str]:
    """The views that a query reads, directly or through others."""
    read: set[str] = set()
    texts = [sql]
    while texts:
        code = re.sub(r"--.*", "", texts.pop())
        names = {name for name in views() if re.search(rf"\b{re.escape(name)}\b", code)} - read
        read |= names
        texts += [views()[name].sql for name in names]
    return frozenset(read)


def _git_facts() -> dict[str, Any]:
    root = PACKAGE.parents[1]
    if not (root / ".git").exists():
        return {"git_commit": None, "git_is_clean": None}
    try:
        commit = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        status = subprocess.run(
            ["git", "-C", root, "status", "--porcelain"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return {"git_commit": None, "git_is_clean": None}
    return {"git_commit": commit.stdout.strip(), "git_is_clean": not status.stdout.strip()}
