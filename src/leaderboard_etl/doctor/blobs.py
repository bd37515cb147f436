"""Examines the raw store: whether every blob that the ledger or the published file names exists and matches its
hash."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from leaderboard_etl.doctor.faults import Fault
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.landing.card_pass import ABSENT_PATH
from leaderboard_etl.raw.ledger import Changes, FileVersion, Load, SourceLoad, read_changes
from leaderboard_etl.raw.store import BlobStore

FETCH = "fetches them again from the Hub at their recorded commits"
ASK = "asks again, and keeps what comes out with the same hash"
SALVAGE = "copies every readable blob into a new store; the old store is kept beside it"
UNFOLD = "makes them again from the published file"
FROM_PROJECT = "takes them from the published file or this version of the project"


@dataclass
class Blobs:
    """What the store holds of the named blobs.

    `files` are the named file versions by blob id, `changes` the landed changes by (load id, source id). `bad` says for
    each named blob that is not available whether it is `lost` or `damaged`.
    """

    path: Path
    trouble: str | None = None
    n_named: int = 0
    n_held: int = 0
    files: dict[str, FileVersion] = field(default_factory=dict)
    changes: dict[tuple[int, str], Changes] = field(default_factory=dict)
    change_ids: dict[str, tuple[int, str]] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)

    @property
    def is_stranger(self) -> bool:
        """Whether the store holds blobs, but none that the ledger names, so that it belongs to another warehouse."""
        return self.n_held > 0 and len(self.bad) == self.n_named > 0 and set(self.bad.values()) == {"lost"}


def read_blobs(folder: Path, loads: Iterable[Load], files: Iterable[FileVersion] = ()) -> Blobs:
    """Reads and verifies every blob that the loads or `files` name; `files` are those that the published file names."""
    blobs = Blobs(folder / "blobs.sqlite", files={file.blob_id: file for file in files})
    entries = [(load.load_id, source) for load in loads for source in load.sources if source.changes_blob]
    blobs.change_ids = {entry.changes_blob or "": (load_id, entry.source_id) for load_id, entry in entries}
    blobs.trouble, blobs.n_held = _examine_store(blobs.path)
    if blobs.trouble is not None:
        return blobs
    with BlobStore(folder, read_only=True) as store:
        for load_id, entry in entries:
            _read_changes(store, load_id, entry, blobs)
        for blob_id in blobs.files:
            _verify_blob(store, blob_id, blobs)
    blobs.n_named = len(blobs.files) + len(blobs.change_ids)
    return blobs


def examine_blobs(blobs: Blobs, has_published: bool) -> Iterator[Fault]:
    """Yields the faults of the store. `has_published`: whether there is a readable published file, which records the
    file versions."""
    if not blobs.change_ids and not blobs.files:
        return
    if blobs.trouble is not None:
        is_gone = not blobs.path.exists() or not blobs.n_held
        yield Fault(
            "raw",
            f"{blobs.path} {blobs.trouble}",
            "all landed bytes: the file cannot be made again from raw" if is_gone else "what cannot be read in it",
            "the Hub, except answers that it no longer gives; else a copy" if has_published else "a copy",
            SALVAGE if blobs.path.exists() and not is_gone else (FETCH if has_published else None),
        )
        return
    if blobs.is_stranger:
        yield Fault(
            "raw",
            f"{blobs.path} holds none of the {blobs.n_named:,} blobs that the ledger names: it is another warehouse's",
            "the landed bytes of this warehouse",
            "a copy: put back the store that belongs to this ledger",
        )
        return
    for kind, ids in _by_kind(blobs).items():
        states = Counter(blobs.bad[blob_id] for blob_id in ids)
        counts = " and ".join(f"{n:,} {state}" for state, n in sorted(states.items()))
        first = blobs.files.get(ids[0])
        example = f", the first {first.path} of {first.repo_id}" if first else f", the first {ids[0]}"
        lost, again, repair = _REMEDIES[kind]
        if kind in ("changes", "policy") and not has_published:
            again, repair = "a copy", None
        yield Fault("raw", f"{blobs.path}: {counts} of {_NAMES[kind]}{example}", lost, again, repair)


_NAMES = {
    "changes": "the lists of what loads changed",
    "policy": "what this project itself wrote",
    "hub": "the files of the Hub",
    "api": "the Hub's answers",
}
_REMEDIES: dict[str, tuple[str, str, str | None]] = {
    "changes": ("what those loads changed", "the published file", UNFOLD),
    "policy": (
        "the rules that loads were judged by",
        "the published file, or this version of the project",
        FROM_PROJECT,
    ),
    "hub": ("their bytes", "the Hub, if it still has those commits", FETCH),
    "api": (
        "the Hub's answers of that time, without which a rebuild stops",
        "the Hub, if its answer is still the same; else a copy",
        ASK,
    ),
}


def kind_of(blob_id: str, blobs: Blobs) -> str:
    """The kind of a blob, which decides where it can be recovered from: changes, policy, hub or api."""
    file = blobs.files.get(blob_id)
    if file is None:
        return "changes"
    if file.path == ABSENT_PATH:
        return "policy"
    return {"project": "policy", "api": "api"}.get(file.repo_type, "hub")


def _by_kind(blobs: Blobs) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for blob_id in sorted(blobs.bad):
        kinds.setdefault(kind_of(blob_id, blobs), []).append(blob_id)
    return kinds


def _examine_store(path: Path) -> tuple[str | None, int]:
    """(why the store cannot be used, how many blobs it holds)."""
    if not path.exists():
        return "is not there", 0
    if not path.stat().st_size:
        return "is empty", 0
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
    except sqlite3.Error as error:
        return f"cannot be opened ({error})", 0
    n_held = 0
    try:
        n_held = db.execute("select count(*) from blobs").fetchone()[0]
        quick_check = db.execute("pragma quick_check(1)").fetchone()[0]
        return (None if quick_check == "ok" else f"is damaged ({' '.join(quick_check.split())[:200]})"), n_held
    except sqlite3.Error as error:
        return f"is damaged ({error})", n_held
    finally:
        db.close()


def _read_changes(store: BlobStore, load_id: int, entry: SourceLoad, blobs: Blobs) -> None:
    blob_id = entry.changes_blob or ""
    if _verify_blob(store, blob_id, blobs):
        changes = read_changes(store, entry)
        blobs.changes[load_id, entry.source_id] = changes
        blobs.files.update({file.blob_id: file for file in changes.changed})


def _verify_blob(store: BlobStore, blob_id: str, blobs: Blobs) -> bool:
    try:
        if blob_id not in store:
            blobs.bad[blob_id] = "lost"
        else:
            store.get(blob_id)
    except WarehouseError:
        blobs.bad[blob_id] = "damaged"
    return blob_id not in blobs.bad
