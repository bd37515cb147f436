"""Checks a snapshot folder: every byte against its manifest and, if the warehouse is available, against the
warehouse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from leaderboard_etl.code_version import code_version, export_version
from leaderboard_etl.errors import EtlError
from leaderboard_etl.export.database import DATABASE
from leaderboard_etl.export.every_eval_ever import FORMAT, make_records
from leaderboard_etl.export.explorer import PAGE as EXPLORER
from leaderboard_etl.export.folder import read_manifest
from leaderboard_etl.export.manifest import BUILD, MANIFEST, README, package_versions
from leaderboard_etl.export.recomputed import recomputed_snapshot
from leaderboard_etl.export.snapshot import can_draw
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.opening import open_published

# Files whose bytes depend only on the state; those of the others depend on package versions too.
_STABLE = (".csv", ".json", ".md", ".cff", ".xml", ".js", ".css")
_OF_THE_PACKAGES = ("datapackage.json", "croissant.json", MANIFEST)
# build.json lists these: the manifest cannot hold its own hash nor that of what tells of it, and a database's bytes differ
# each time.
_IN_BUILD = {MANIFEST: "manifest", README: "readme", DATABASE: "database"}
# Additional files in a copy from the Hub: the Hub's own file, and those that `hf download` writes; the card too, which older
# snapshots do not list.
_OF_THE_HUB = (README, ".gitattributes")
_OF_A_DOWNLOAD = ".cache/huggingface/"


@dataclass(frozen=True)
class FileState:
    """One file of a snapshot as `verify` finds it. `problem` is null if the file is as the manifest says (the manifest
    itself: as build.json says)."""

    name: str
    problem: str | None


def verify_snapshot(warehouse: Warehouse, folder: Path) -> tuple[list[FileState], str]:
    """Each file of a snapshot with its problem, and a sentence that says whether the warehouse gives the same files.

    Raises UsageError for a folder without a manifest.
    """
    manifest = read_manifest(folder)
    build = _read_build(folder)
    listed_in_build = {name: build[key] for name, key in _IN_BUILD.items() if _is_facts(build, key)}
    expected = {**manifest["files"], **listed_in_build}
    problems = {name: _problem(folder, name, facts) for name, facts in expected.items()}
    known_names = {*expected, MANIFEST, BUILD}
    others = (name for name in _files(folder) if name not in known_names and not name.startswith(_OF_A_DOWNLOAD))
    problems |= {name: "not named in the manifest" for name in others if name not in _OF_THE_HUB}
    recomputed, comparison = _recompute(warehouse, manifest, build)
    for name, content in recomputed.items():
        if name not in known_names:
            problems[name] = "not named in the manifest, though the warehouse gives it for this state"
        elif problems.get(name) is None and (folder / name).read_bytes() != content:
            problems[name] = "the warehouse gives other bytes for this state"
    return [FileState(name, problem) for name, problem in problems.items()], comparison


def _recompute(
    warehouse: Warehouse, manifest: Mapping[str, Any], build: Mapping[str, Any]
) -> tuple[Mapping[str, bytes], str]:
    if not warehouse.database.exists():
        return {}, f"not recomputed: there is no warehouse at {warehouse.database}"
    for name, what, ours in (
        ("code_version", "code", code_version()),
        ("export_version", "another version of the exports,", export_version()),
    ):
        if manifest.get(name) != ours:
            return {}, f"not recomputed: made by {what} {manifest.get(name)}, this is {ours}"
    try:
        with open_published(warehouse) as con:
            hubs = con.execute("select distinct endpoint from ops.loads").fetchall()
        if hubs != [(manifest.get("hub"),)]:
            return {}, f"not recomputed: the snapshot is of the Hub {manifest.get('hub')!r}, this warehouse of another"
        if manifest.get("format") not in (None, FORMAT):
            return {}, f"not recomputed: it is of the format {manifest['format']}, a part of a snapshot"
        has_pictures = not manifest.get("absent")
        day = date.fromisoformat(manifest["as_of"])
        is_redistributable = manifest.get("is_redistributable") is True
        if manifest.get("format") == FORMAT:
            files = make_records(warehouse, day, is_redistributable=is_redistributable)
        else:
            files = recomputed_snapshot(
                warehouse,
                day,
                with_pictures=has_pictures and can_draw() and not is_redistributable,
                is_redistributable=is_redistributable,
            )
    except EtlError as error:
        return {}, f"not recomputed: {error}"
    loads = json.loads(files[MANIFEST])["load_ids"]
    if loads != manifest.get("load_ids"):
        there = f"it is made from the loads {manifest.get('load_ids')}, by now that day has {loads}"
        return {}, f"not recomputed: {there}"
    if _are_ours(build.get("packages")) and (can_draw() or not has_pictures):
        return files, "recomputed from the warehouse"
    stable = {n: c for n, c in files.items() if (n == EXPLORER or n.endswith(_STABLE)) and n not in _OF_THE_PACKAGES}
    return stable, "recomputed from the warehouse, except Parquet and pictures, which other packages made"


def _are_ours(packages: object) -> bool:
    """Whether a snapshot was made with the versions that are installed here; what it was made without does not matter."""
    if not isinstance(packages, dict):
        return False
    used = {name: version for name, version in packages.items() if version is not None}
    ours = package_versions()
    return bool(used) and used == {name: ours.get(name) for name in used}


def _problem(folder: Path, name: str, facts: Mapping[str, Any]) -> str | None:
    path = folder / name
    if path.is_symlink():
        return "a link to elsewhere: the file itself is missing"
    if not path.is_file():
        return "missing"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if path.stat().st_size != facts["bytes"]:
        return f"{path.stat().st_size} bytes, {_says(name)} {facts['bytes']}"
    if digest != facts["sha256"]:
        return f"changed: its sha256 is not the one that {_says(name)}"
    return None


def _says(name: str) -> str:
    return f"{BUILD if name in _IN_BUILD else 'the manifest'} says"


def _is_facts(build: Mapping[str, Any], key: str) -> bool:
    return isinstance(build.get(key), dict) and {"bytes", "sha256"} <= build[key].keys()


def _files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _read_build(folder: Path) -> dict[str, Any]:
    """The content of build.json; empty if it is missing or invalid, because no other file depends on it."""
    try:
        build = json.loads((folder / BUILD).read_bytes())
        return dict(build) if isinstance(build, dict) else {}
    except (OSError, ValueError, RecursionError):
        return {}
