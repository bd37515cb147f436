"""Checking a snapshot folder: every byte against its manifest, and against the warehouse where that is at hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from leaderboard_etl.errors import EtlError
from leaderboard_etl.export.database import DATABASE
from leaderboard_etl.export.folder import read_manifest
from leaderboard_etl.export.manifest import BUILD, MANIFEST, package_versions
from leaderboard_etl.export.snapshot import make_snapshot
from leaderboard_etl.settings import Warehouse, code_version
from leaderboard_etl.warehouse.database import open_published

# The bytes of all other files follow from the state alone, whatever the versions of the packages.
_STABLE = (".csv", ".json")
_OF_THE_PACKAGES = ("datapackage.json", MANIFEST)
# What a copy from the Hub holds besides: the dataset's card, the Hub's own file, and the bookkeeping of `hf download`.
_OF_THE_HUB = ("README.md", ".gitattributes")
_OF_A_DOWNLOAD = ".cache/huggingface/"


@dataclass(frozen=True)
class Finding:
    """One file of a snapshot as `verify` sees it; `problem` is null where it is as the manifest says."""

    name: str
    problem: str | None


def verify_snapshot(warehouse: Warehouse, folder: Path) -> tuple[list[Finding], str]:
    """Each file of a snapshot with its problem, and in words whether the warehouse gives the same files.

    A snapshot that was downloaded from the Hub may hold the dataset's card too, which no manifest covers.
    Raises UsageError for a folder without a manifest of ours.
    """
    manifest = read_manifest(folder)
    build = _read_build(folder)
    expected = dict(manifest["files"])
    if "database" in build:
        expected[DATABASE] = build["database"]
    findings = [_check_file(folder, name, facts) for name, facts in expected.items()]
    known = {*expected, MANIFEST, BUILD}
    others = (name for name in _files(folder) if name not in known and not name.startswith(_OF_A_DOWNLOAD))
    findings += [Finding(name, "not named in the manifest") for name in others if name not in _OF_THE_HUB]
    recomputed, word = _recompute(warehouse, manifest, build)
    for name, content in recomputed.items():
        if name not in known:
            findings.append(Finding(name, "missing, also in the manifest: the warehouse gives it for this state"))
        elif (folder / name).is_file() and (folder / name).read_bytes() != content:
            findings.append(Finding(name, "the warehouse gives other bytes for this state"))
    return findings, word


def _recompute(
    warehouse: Warehouse, manifest: Mapping[str, Any], build: Mapping[str, Any]
) -> tuple[Mapping[str, bytes], str]:
    if not warehouse.database.exists():
        return {}, f"not recomputed: there is no warehouse at {warehouse.database}"
    if manifest.get("code_version") != code_version():
        return {}, f"not recomputed: made by code {manifest.get('code_version')}, this is {code_version()}"
    try:
        day = date.fromisoformat(manifest["as_of"])
        with open_published(warehouse.database) as con:
            hubs = con.execute("select distinct endpoint from ops.loads").fetchall()
        if hubs != [(manifest["hub"],)]:
            return {}, f"not recomputed: the snapshot is of the Hub {manifest['hub']!r}, this warehouse of another"
        files = make_snapshot(warehouse, day)
    except (EtlError, KeyError, ValueError, TypeError) as error:
        return {}, f"not recomputed: {error}"
    loads = json.loads(files[MANIFEST])["load_ids"]
    if loads != manifest.get("load_ids"):
        there = f"it rests on the loads {manifest.get('load_ids')}, by now that day has {loads}"
        return {}, f"not recomputed: {there}"
    if build.get("packages") == package_versions():
        return files, "recomputed from the warehouse"
    stable = {n: c for n, c in files.items() if n.endswith(_STABLE) and n not in _OF_THE_PACKAGES}
    return stable, "recomputed from the warehouse, but for Parquet and pictures: other package versions made those"


def _check_file(folder: Path, name: str, facts: Mapping[str, Any]) -> Finding:
    path = folder / name
    if path.is_symlink() or not path.is_file():
        return Finding(name, "missing")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if path.stat().st_size != facts["bytes"]:
        return Finding(name, f"{path.stat().st_size} bytes, the manifest says {facts['bytes']}")
    if digest != facts["sha256"]:
        return Finding(name, "changed: its sha256 is not that of the manifest")
    return Finding(name, None)


def _files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _read_build(folder: Path) -> dict[str, Any]:
    """What build.json says; nothing if it is not there or is not ours: no byte of the others depends on it."""
    try:
        build = json.loads((folder / BUILD).read_bytes())
        return dict(build) if isinstance(build, dict) else {}
    except (OSError, ValueError):
        return {}
