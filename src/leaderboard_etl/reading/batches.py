"""Landed files into frames, some at a time, with every record that breaks a rule in quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from leaderboard_etl.errors import EtlError, SourceError, WarehouseError
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import FileState, FileVersion
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import POLICY_SOURCE
from leaderboard_etl.sources.rules import apply_rules

# The records of so many bytes and files fit in memory beside them, for any number of batches.
_MOST_BYTES_AT_ONCE, _MOST_FILES_AT_ONCE = 24 << 20, 400


def policy_in_force(store: BlobStore, state: FileState) -> Policy:
    """The policy whose files are current."""
    files = state.of(POLICY_SOURCE).values()
    return Policy({file.path.removesuffix(".csv"): store.get(file.blob_id) for file in files})


Batch = tuple[Sequence[FileVersion], Parsed]


def parse_batches(source: Source, files: Iterable[FileVersion], store: BlobStore, policy: Policy) -> Iterator[Batch]:
    """What a source reads from the given landed files, one batch at a time, with every record that breaks a rule in its
    quarantine.

    Raises ContractError or SourceError as the source's parser does, and SourceError if the parser itself crashes.
    """
    for versions in _batches(sorted(files)):
        contents = dict(store.read(file.blob_id for file in versions))
        absent = [file for file in versions if file.blob_id not in contents]
        if absent:
            raise WarehouseError(
                f"{store.path} lacks files of {source.source_id}, the first {absent[0].path} of {absent[0].repo_id}: fetch"
                " them again with `leaderboard-etl run --full`"
            )
        read = _parse(source, [SourceFile(file, contents[file.blob_id]) for file in versions], policy)
        yield versions, apply_rules(read, source, policy.benchmarks)


def _parse(source: Source, files: Sequence[SourceFile], policy: Policy) -> Parsed:
    """A crash of one parser, which no file should be able to cause, must not cost the other sources their night."""
    try:
        return source.parse(files, policy)
    except EtlError:
        raise
    except Exception as error:
        for file in files if len(files) > 1 else ():
            _parse(source, [file], policy)  # raises for the one that it is
        version = files[0].version
        raise SourceError(
            f"{version.path} of {version.repo_id} broke the parser of {source.source_id} ({type(error).__name__}: {error});"
            " the parser needs mending"
        ) from error


def _batches(versions: Iterable[FileVersion]) -> Iterator[list[FileVersion]]:
    """The files in order, some at a time. Files of one model's place stay together, because keys are unique among them and one
    file may explain another."""
    batch: list[FileVersion] = []
    n_bytes = 0
    for _, together in groupby(versions, _subject):
        files = list(together)
        size = sum(file.size_bytes for file in files)
        if batch and (n_bytes + size > _MOST_BYTES_AT_ONCE or len(batch) + len(files) > _MOST_FILES_AT_ONCE):
            yield batch
            batch, n_bytes = [], 0
        batch += files
        n_bytes += size
    if batch:
        yield batch


def _subject(file: FileVersion) -> tuple[str, str]:
    """A model's repository, or a folder of a repository with files about many."""
    return file.repo_id, "" if file.repo_type == "model" else file.path.rpartition("/")[0]
