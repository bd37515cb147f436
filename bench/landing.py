"""Puts files of a folder into a raw store as one load, without a Hub, as input of other benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from leaderboard_etl.raw.blob_ids import git_blob_id
from leaderboard_etl.raw.ledger import Changes, FileVersion, Ledger, Load, SourceLoad, land_changes
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import POLICY
from leaderboard_etl.sources.base import SourceFile
from leaderboard_etl.sources.registry import POLICY_SOURCE

NOW = "2025-06-01T03:00:00.000000Z"


def source_file(repo_type: str, repo_id: str, path: str, content: bytes) -> SourceFile:
    """A file as it is landed, at an arbitrary commit."""
    blob_id = git_blob_id(content)
    return SourceFile(FileVersion(repo_type, repo_id, path, "c" * 40, blob_id, len(content), NOW), content)


def policy_files() -> list[SourceFile]:
    """The policy files of this version of the project."""
    return [source_file("project", "policy", path.name, path.read_bytes()) for path in sorted(POLICY.glob("*.csv"))]


def land(raw: Path, files: Mapping[str, Iterable[SourceFile]]) -> int:
    """Puts files, by source, into a raw store as one more load; the first load also gets the policy. Returns their
    total bytes."""
    n_bytes = 0
    ledger = Ledger(raw)
    with BlobStore(raw) as store:
        entries = [] if ledger.loads else [_landed(POLICY_SOURCE, policy_files(), store)[0]]
        for source_id, content in files.items():
            entry, size = _landed(source_id, content, store)
            entries.append(entry)
            n_bytes += size
    last = ledger.last
    endpoint, as_of_at = (last.endpoint, max(NOW, last.as_of_at)) if last else ("bench", NOW)
    ledger.append(
        Load(ledger.next_id(), "nightly", "published", as_of_at, endpoint, "bench", entries, finished_at=as_of_at)
    )
    return n_bytes


def _landed(source_id: str, files: Iterable[SourceFile], store: BlobStore) -> tuple[SourceLoad, int]:
    versions = []
    for landed in files:
        store.put(landed.version.blob_id, landed.content)
        versions.append(landed.version)
    entry = SourceLoad(source_id, "loaded", revision="c" * 40, changes_blob=land_changes(store, Changes(versions)))
    store.flush()
    return entry, sum(version.size_bytes for version in versions)
