"""Writing a snapshot folder, and checking one: files, what is in them, what was left out, and where it came from."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import views
from leaderboard_etl.errors import UsageError, WarehouseError
from leaderboard_etl.export.tables import EXPORTS, query, written
from leaderboard_etl.policy import Policy
from leaderboard_etl.settings import PACKAGE, Warehouse, code_version
from leaderboard_etl.warehouse.database import end_of_day, open_published
from leaderboard_etl.warehouse.history import policy_texts

MANIFEST = "manifest.json"
BUILD = "build.json"
_TOOL = "leaderboard-etl"
_PACKAGES = ("duckdb", "polars", "pyarrow", "huggingface_hub", "datasets", "prefect")


@dataclass(frozen=True)
class Finding:
    """One file of a snapshot as `verify` sees it; `problem` is null where it is as the manifest says."""

    name: str
    problem: str | None


def write_snapshot(warehouse: Warehouse, folder: Path, as_of: date | None) -> dict[str, Any]:
    """Writes the article's files, manifest.json and build.json into `folder`; returns the manifest.

    An earlier snapshot in `folder` is replaced in one step. Raises UsageError for a folder that holds anything else, and
    what open_published raises.
    """
    if folder.exists() and any(folder.iterdir()) and not _is_snapshot(folder):
        raise UsageError(f"{folder} is not empty and no snapshot of ours: choose another --out")
    contents = make_snapshot(warehouse, as_of)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for name, content in contents.items():
        (fresh / name).write_bytes(content)
    (fresh / BUILD).write_bytes(_dumped(_build_facts()))
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    manifest: dict[str, Any] = json.loads(contents[MANIFEST])
    return manifest


def make_snapshot(warehouse: Warehouse, as_of: date | None) -> dict[str, bytes]:
    """The deterministic files of a snapshot by name: those of EXPORTS and the manifest.

    Without `as_of` it is the state as of the day of the last load, which is how the manifest names it.
    """
    with open_published(warehouse.database, as_of=as_of) as con:
        frames = {export.name: query(con, export) for export in EXPORTS}
        files = {export.name: written(export, frames[export.name]) for export in EXPORTS}
        manifest = _manifest(con, frames, files, as_of)
    return {**files, MANIFEST: _dumped(manifest)}


def verify_snapshot(warehouse: Warehouse, folder: Path) -> tuple[list[Finding], str]:
    """Each file of a snapshot with its problem, and in words whether the warehouse gives the same files.

    Raises UsageError for a folder without a manifest of ours.
    """
    manifest = _read_manifest(folder)
    findings = [_check_file(folder, name, facts) for name, facts in manifest["files"].items()]
    known = {*manifest["files"], MANIFEST, BUILD}
    findings += [
        Finding(path.name, "not named in the manifest") for path in sorted(folder.iterdir()) if path.name not in known
    ]
    recomputed, word = _recompute(warehouse, manifest)
    if recomputed is not None:
        there = {name: content for name, content in recomputed.items() if (folder / name).is_file()}
        differing = [name for name, content in there.items() if (folder / name).read_bytes() != content]
        findings += [Finding(name, "the warehouse gives other bytes for this state") for name in differing]
    return findings, word


def _recompute(warehouse: Warehouse, manifest: Mapping[str, Any]) -> tuple[dict[str, bytes] | None, str]:
    if not warehouse.database.exists():
        return None, f"not recomputed: there is no warehouse at {warehouse.database}"
    if manifest["code_version"] != code_version():
        return None, f"not recomputed: made by code {manifest['code_version']}, this is {code_version()}"
    with open_published(warehouse.database) as con:
        hub = con.execute("select any_value(endpoint) from ops.loads").fetchone()
    if hub is None or hub[0] != manifest["hub"]:
        return None, f"not recomputed: the snapshot is of the Hub {manifest['hub']!r}, this warehouse of another"
    return make_snapshot(warehouse, date.fromisoformat(manifest["as_of"])), "recomputed from the warehouse"


def _check_file(folder: Path, name: str, facts: Mapping[str, Any]) -> Finding:
    path = folder / name
    if not path.is_file():
        return Finding(name, "missing")
    content = path.read_bytes()
    if len(content) != facts["bytes"]:
        return Finding(name, f"{len(content)} bytes, the manifest says {facts['bytes']}")
    if hashlib.sha256(content).hexdigest() != facts["sha256"]:
        return Finding(name, "changed: its sha256 is not that of the manifest")
    return Finding(name, None)


def _manifest(
    con: duckdb.DuckDBPyConnection, frames: Mapping[str, pl.DataFrame], files: Mapping[str, bytes], as_of: date | None
) -> dict[str, Any]:
    """What the snapshot is. The same state gives the same manifest: what differs by day and machine is in build.json."""
    applied = "select load_id, as_of_at, endpoint from ops.loads where status in ('published', 'degraded')"
    loads = con.execute(f"{applied} order by load_id").fetchall()
    if not loads:
        raise WarehouseError("the warehouse holds no load: nothing can be exported")
    day = as_of or loads[-1][1].date()
    used = [load for load in loads if load[1] <= end_of_day(day)]
    revisions = con.execute(
        "select source_id, arg_max(revision, load_id), max(load_id) from ops.load_sources"
        " where revision is not null and load_id <= ? group by source_id order by source_id",
        [used[-1][0]],
    ).fetchall()
    citations = Policy(policy_texts(con)).frame("citations").sort("source_id", "citation").to_dicts()
    return {
        "tool": _TOOL,
        "as_of": day.isoformat(),
        "hub": loads[-1][2],
        "code_version": code_version(),
        "load_ids": [load[0] for load in used],
        "sources": {name: {"revision": revision, "load_id": load} for name, revision, load in revisions},
        "files": {export.name: _file_facts(frames[export.name], files[export.name], export) for export in EXPORTS},
        "excluded": _exclusions(con),
        "citations": citations,
    }


def _file_facts(frame: pl.DataFrame, content: bytes, export: Any) -> dict[str, Any]:
    sql = export.query_file.read_text(encoding="utf-8")
    used = [name for name in views() if name in sql]
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "rows": frame.height,
        "columns": {name: str(dtype) for name, dtype in frame.schema.items()},
        "query": f"sql/exports/{export.query_file.name}",
        "query_sha256": hashlib.sha256(sql.encode()).hexdigest(),
        "views": {name: hashlib.sha256(views()[name].sql.encode()).hexdigest() for name in used},
    }


def _exclusions(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """What a scatter of score against size cannot show, per group and side."""
    rows: list[dict[str, Any]] = (
        con.sql(
            """
            select
                comparable_group,
                openness,
                count(*) as n_scored,
                count(*) filter (where population <> 'official') as n_not_official,
                count(*) filter (where population = 'official' and params_b is null) as n_without_size,
                count(*) filter (where population = 'official' and params_b is not null) as n_in_model_scaling
            from mart.model_scaling
            group by all
            order by comparable_group, openness
            """
        )
        .pl()
        .to_dicts()
    )
    return rows


def _build_facts() -> dict[str, Any]:
    return {
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        **_git_facts(),
    }


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


def _is_snapshot(folder: Path) -> bool:
    try:
        _read_manifest(folder)
    except UsageError:
        return False
    return True


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if manifest["tool"] != _TOOL or not isinstance(manifest["files"], dict):
            raise KeyError("tool")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder} is no snapshot: it has no {MANIFEST} that `leaderboard-etl export` wrote"
        ) from error
    return dict(manifest)


def _dumped(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=str) + "\n").encode("utf-8")
