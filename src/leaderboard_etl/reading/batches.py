"""Splits landed files into batches and has each parsed into frames; every record that breaks a rule goes into quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import FileState, FileVersion
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.reading.runners import Batch, Landed, run_batches
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import POLICY_SOURCE

# A batch is at most this large, so that its bytes and its records fit in memory together. Some eighty operations on frames take
# 25 ms, however small they are: with batches of half the size a rebuild took a seventh longer, with twice the size no less.
_MOST_BYTES_AT_ONCE, _MOST_FILES_AT_ONCE = 48 << 20, 1000


def policy_in_force(store: BlobStore, state: FileState) -> Policy:
    """The policy made of the current policy files."""
    files = state.of(POLICY_SOURCE).values()
    return Policy({file.path.removesuffix(".csv"): store.get(file.blob_id) for file in files})


def parse_batches(source: Source, files: Iterable[FileVersion], store: BlobStore, policy: Policy) -> Iterator[Batch]:
    """Parses the given landed files batch by batch, where the runner in force does so (reading/runners.py); every record
    that breaks a rule is in its batch's quarantine.

    Raises ContractError or SourceError as the source's parser does, SourceError if the parser crashes, and
    WarehouseError if the store lacks a file.
    """
    return parse_split(((source, versions) for versions in split(files)), store, policy)


def parse_split(
    batches: Iterable[tuple[Source, Sequence[FileVersion]]], store: BlobStore, policy: Policy
) -> Iterator[Batch]:
    """The same for batches of several sources: the first ones of a source are parsed while the last ones of that before are
    folded."""
    return run_batches(policy, ((source, _landed(source, versions, store)) for source, versions in batches))


def _landed(source: Source, versions: Sequence[FileVersion], store: BlobStore) -> Landed:
    blobs = {blob.blob_id: blob for blob in store.packed(file.blob_id for file in versions)}
    absent = [file for file in versions if file.blob_id not in blobs]
    if absent:
        raise WarehouseError(
            f"{store.path} lacks files of {source.source_id}, the first {absent[0].path} of {absent[0].repo_id}: fetch"
            " them again with `leaderboard-etl run --full`"
        )
    return [(file, blobs[file.blob_id]) for file in versions]


def split(files: Iterable[FileVersion]) -> Iterator[list[FileVersion]]:
    """Splits files, sorted, into batches. Files of one model, or of one folder, stay together, because keys must be unique among
    them and one file may explain another."""
    batch: list[FileVersion] = []
    n_bytes = 0
    for _, together in groupby(sorted(files), _subject):
        of_one = list(together)
        size = sum(file.size_bytes for file in of_one)
        if batch and (n_bytes + size > _MOST_BYTES_AT_ONCE or len(batch) + len(of_one) > _MOST_FILES_AT_ONCE):
            yield batch
            batch, n_bytes = [], 0
        batch += of_one
        n_bytes += size
    if batch:
        yield batch


def _subject(file: FileVersion) -> tuple[str, str]:
    """A model's repository, or one folder of a repository that holds files about many models."""
    return file.repo_id, "" if file.repo_type == "model" else file.path.rpartition("/")[0]
