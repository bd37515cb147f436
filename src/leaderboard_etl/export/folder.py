"""A snapshot as a folder: written in one step, read back without trusting it."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from leaderboard_etl.durable import undisturbed
from leaderboard_etl.errors import EtlError, UsageError
from leaderboard_etl.export.card import folder_readme
from leaderboard_etl.export.database import DATABASE, database_facts
from leaderboard_etl.export.every_eval_ever import FORMAT, make_records
from leaderboard_etl.export.manifest import BUILD, MANIFEST, README, TOOL, build_facts, dumped
from leaderboard_etl.export.snapshot import make_snapshot
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.termination import at_the_end, scratch_folder


def write_snapshot(
    warehouse: Warehouse,
    folder: Path | None,
    as_of: date | None,
    *,
    with_database: bool = False,
    with_pictures: bool | None = None,
    is_redistributable: bool = False,
) -> dict[str, Any]:
    """Writes the files of make_snapshot, README.md and build.json into `folder`, and returns the manifest; null:
    exports/<day> of the warehouse.

    With `with_database` also warehouse.duckdb, the whole state; `with_pictures` and `is_redistributable` are those of
    make_snapshot. An earlier snapshot in `folder` is replaced in one step. Raises UsageError for a folder that holds
    anything else or cannot be written, EtlError if the disk is full, and what make_snapshot raises; then what is there
    stays.
    """
    if folder is not None:
        _expect_replaceable(folder, None)
    with scratch_folder() as scratch:
        moved = {DATABASE: scratch / DATABASE} if with_database else {}
        files = make_snapshot(
            warehouse,
            as_of,
            database=moved.get(DATABASE),
            with_pictures=with_pictures,
            is_redistributable=is_redistributable,
        )
        facts: dict[str, Any] = json.loads(files[MANIFEST])
        files[README] = folder_readme(facts)
        build = build_facts(files[MANIFEST], files[README])
        if with_database:
            build["database"] = database_facts(moved[DATABASE])
        _replace_folder(folder or warehouse.exports / facts["as_of"], {**files, BUILD: dumped(build)}, moved)
    return facts


def write_records(
    warehouse: Warehouse, folder: Path, as_of: date | None, *, is_redistributable: bool = False
) -> dict[str, Any]:
    """Writes our scores as records of Every Eval Ever into `folder` and returns the manifest. An earlier export in `folder` is
    replaced in one step. Raises what write_snapshot raises."""
    _expect_replaceable(folder, FORMAT)
    files = make_records(warehouse, as_of, is_redistributable=is_redistributable)
    build = build_facts(files[MANIFEST], files[README])
    _replace_folder(folder, {**files, BUILD: dumped(build)}, {}, FORMAT)
    facts: dict[str, Any] = json.loads(files[MANIFEST])
    return facts


def _expect_replaceable(folder: Path, form: str | None) -> None:
    """Raises UsageError for a folder that holds anything but an export of this format: it would be replaced."""
    if folder.is_file():
        raise UsageError(f"{folder} is a file: choose a folder for --out")
    if folder.exists() and any(folder.iterdir()) and not _is_export(folder, form):
        raise UsageError(f"{folder} is not empty and not a snapshot of ours in this format: choose another --out")


def _replace_folder(
    folder: Path, files: Mapping[str, bytes], moved: Mapping[str, Path], form: str | None = None
) -> None:
    """Replaces the content of `folder` by `files`, and by the files of `moved` under their names."""
    _expect_replaceable(folder, form)
    fresh, old = (folder.with_name(f".{folder.name}.{word}") for word in ("new", "old"))
    with at_the_end(lambda: shutil.rmtree(fresh, ignore_errors=True)):
        _replace(folder, fresh, old, files, moved)


def _replace(folder: Path, fresh: Path, old: Path, files: Mapping[str, bytes], moved: Mapping[str, Path]) -> None:
    try:
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name, path in moved.items():
            shutil.move(path, fresh / name)
        with undisturbed():
            if folder.exists():
                folder.rename(old)
            fresh.rename(folder)
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EtlError(
                f"{folder} cannot be written, the disk is full: free space, or choose another --out"
            ) from error
        raise UsageError(f"{folder} cannot be written ({error.strerror}): choose another --out") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a snapshot folder. Raises UsageError if there is none, or if it names files outside the folder."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        if manifest["tool"] != TOOL:
            raise _no_snapshot(folder, f"its tool is {manifest['tool']!r}")
        date.fromisoformat(manifest["as_of"])
        for name, facts in manifest["files"].items():
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                raise _no_snapshot(folder, f"it names {name!r}, which is outside the folder")
            facts["sha256"], facts["bytes"]
    except OSError as error:
        raise _no_snapshot(folder, error.strerror or type(error).__name__) from error
    except (ValueError, RecursionError) as error:
        raise _no_snapshot(folder, f"it does not read as JSON with a day: {error}") from error
    except KeyError as error:
        raise _no_snapshot(folder, f"it has no {error}") from error
    except (TypeError, AttributeError) as error:
        raise _no_snapshot(folder, "its parts are of other types") from error
    return manifest


def _no_snapshot(folder: Path, why: str) -> UsageError:
    return UsageError(f"{folder} is not a snapshot: it has no {MANIFEST} that an export wrote ({why})")


def _is_export(folder: Path, form: str | None) -> bool:
    try:
        return read_manifest(folder).get("format") == form
    except UsageError:
        return False
