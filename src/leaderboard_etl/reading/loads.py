"""What each source contributes to one load: parsed during the night, or parsed again from raw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from leaderboard_etl.raw.ledger import Changes, FileState, FileVersion, Load, SourceLoad, read_changes
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.reading.batches import parse_split, policy_in_force, split
from leaderboard_etl.reading.kept import Kept
from leaderboard_etl.reading.runners import Batch
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import POLICY_SOURCE, SOURCES


@dataclass(frozen=True)
class News:
    """What one source delivers to a load: its ledger entry, its changed files, and their parsed content; `read` is null
    if nothing was read."""

    entry: SourceLoad
    changes: Changes = field(default_factory=Changes)
    read: Kept | None = None

    @property
    def source_id(self) -> str:
        return self.entry.source_id


# A line for the ledger that is not in it yet, and what its sources delivered.
NewLoad = tuple[Load, Sequence[News]]


@dataclass(frozen=True)
class Part:
    """What one source contributes to a load: its ledger entry, its changed files, all files that the load reads, and
    their content batch by batch."""

    entry: SourceLoad
    changes: Changes = field(default_factory=Changes)
    files: Sequence[FileVersion] = ()
    batches: Iterable[Batch] = ()


@dataclass(frozen=True)
class LoadContent:
    """One load and the contributions of its sources. `policy_texts` are the changed policy files by blob id."""

    load: Load
    policy: Changes
    policy_texts: Mapping[str, bytes]
    parts: Sequence[Part]


def read_load(store: BlobStore, state: FileState, load: Load, news: Sequence[News] = ()) -> LoadContent:
    """What the sources contribute to `load`, in the order in which it is to be read: parsing begins at once. Applies the load's
    changes to `state`.

    `news` is what the night has already read for this load. Everything else is read from raw: all of a replay and, if
    the load brings new policy, the sources whose news was lost or held back, because their current files differ from
    those that the night read. Only these files are parsed a second time, batch by batch as well.
    """
    if not load.is_applied:
        return LoadContent(load, Changes(), {}, [Part(entry) for entry in load.sources])
    changes = {entry.source_id: read_changes(store, entry) for entry in load.sources}
    for source_id, changed in changes.items():
        state.change(source_id, changed)
    policy = changes.get(POLICY_SOURCE, Changes())
    texts = {file.blob_id: store.get(file.blob_id) for file in policy.changed}
    kept = {each.source_id: each.read for each in news if each.read is not None}
    return LoadContent(load, policy, texts, _parts(store, state, load, changes, kept))


def files_to_read(source: Source, state: FileState, changes: Changes, *, has_new_policy: bool) -> list[FileVersion]:
    """The files of a source that a load reads: the changed ones, or all of them under new policy, which applies to all. Of a
    source that is read by folder all files in the same folders as well. `state` is that before the load or after it."""
    if not has_new_policy and not source.is_read_by_folder:
        return list(changes.changed)
    after = {**state.of(source.source_id), **{file.place: file for file in changes.changed}}
    for place in changes.gone:
        after.pop(place, None)
    return list(after.values()) if has_new_policy else beside(after.values(), changes)


def beside(files: Iterable[FileVersion], changes: Changes) -> list[FileVersion]:
    """Those of the files that lie in a folder in which something changed."""
    places = [*(file.place for file in changes.changed), *changes.gone]
    touched = {_folder(path) for _, _, path in places}
    return [file for file in files if _folder(file.path) in touched]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _parts(
    store: BlobStore, state: FileState, load: Load, changes: Mapping[str, Changes], kept: Mapping[str, Kept]
) -> list[Part]:
    has_new_policy = bool(changes.get(POLICY_SOURCE))
    files = {
        source_id: files_to_read(SOURCES[source_id], state, changed, has_new_policy=has_new_policy)
        for source_id, changed in changes.items()
        if source_id in SOURCES and source_id not in kept
    }
    batches = {source_id: list(split(of_source)) for source_id, of_source in files.items()}
    in_turn = [(SOURCES[source_id], batch) for source_id, of_source in batches.items() for batch in of_source]
    parsed = parse_split(in_turn, store, policy_in_force(store, state))
    parts = []
    for entry in load.sources:
        source_id, changed = entry.source_id, changes[entry.source_id]
        if source_id in kept:
            parts.append(Part(entry, changed, kept[source_id].files, kept[source_id]))
        elif source_id in files:
            parts.append(Part(entry, changed, files[source_id], islice(parsed, len(batches[source_id]))))
        else:
            parts.append(Part(entry, changed))
    return parts
