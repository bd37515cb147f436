"""Brings the wanted files of one repository into raw: asks for the head commit, lists the tree if it moved, and sends
one GET per new blob."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from leaderboard_etl.errors import SourceError
from leaderboard_etl.hub.answers import HubLimitedError, RepoFile
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.head_start import HeadStart
from leaderboard_etl.raw.ledger import Changes, FileVersion
from leaderboard_etl.raw.store import BlobStore


@dataclass(frozen=True)
class RepoSync:
    """The repository's head commit, and the changes of its wanted files since the last load."""

    revision: str
    changes: Changes


class NoFilesError(SourceError):
    """A repository holds none of the wanted files."""


class UnfinishedError(SourceError):
    """Only some of a repository's new files could be fetched now; `remaining` is the number of the others."""

    def __init__(self, message: str, remaining: int) -> None:
        super().__init__(message)
        self.remaining = remaining


def sync_repo(
    hub: Hub,
    store: BlobStore,
    repo_type: str,
    repo_id: str,
    *,
    wants: Callable[[str], bool],
    in_ledger: Mapping[tuple[str, str, str], FileVersion],
    now: str,
    is_fetched_once: Callable[[str], bool] = lambda path: False,
    last_revision: str | None = None,
    at_revision: str | None = None,
    head_start: HeadStart | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RepoSync:
    """Lands every wanted file of the head commit, or of the commit `at_revision`, that is not in the ledger; from
    `head_start` if it is there. Of a file that `is_fetched_once` any version is enough. If the head is still
    `last_revision`, one request is enough.

    Raises HubError if the Hub does not answer, NoFilesError if there is no wanted file, SourceError if a file did not
    arrive whole, UnfinishedError if the deadline or the Hub's limit ended the run before all files were fetched. After
    an UnfinishedError nothing changes, and the files that arrived are not requested again.
    """
    revision = at_revision or hub.head(repo_type, repo_id)
    if revision == last_revision:
        return RepoSync(revision, Changes())
    tree = [file for file in hub.tree(repo_type, repo_id, revision) if wants(file.path)]
    if not tree:
        raise NoFilesError(
            f"{repo_id} at {revision[:12]} holds none of the files that this source reads: were they moved or renamed?"
        )
    due = [file for file in tree if not (is_fetched_once(file.path) and (repo_type, repo_id, file.path) in in_ledger)]
    changed = land_files(
        hub, store, repo_type, repo_id, revision, due, in_ledger=in_ledger, head_start=head_start, progress=progress
    )
    paths = {file.path for file in tree}
    return RepoSync(
        revision,
        Changes(
            [FileVersion(repo_type, repo_id, f.path, revision, f.blob_id, f.size_bytes, now) for f in changed],
            [place for place in in_ledger if place[:2] == (repo_type, repo_id) and place[2] not in paths],
        ),
    )


def land_files(
    hub: Hub,
    store: BlobStore,
    repo_type: str,
    repo_id: str,
    revision: str,
    tree: Sequence[RepoFile],
    *,
    in_ledger: Mapping[tuple[str, str, str], FileVersion],
    head_start: HeadStart | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[RepoFile]:
    """Lands the files of a tree that are not in the ledger, and returns them. Raises SourceError and UnfinishedError like
    sync_repo."""
    changed = [file for file in tree if not _is_in_ledger(file, repo_type, repo_id, in_ledger)]
    absent = store.missing(file.blob_id for file in changed)
    for blob_id, content in head_start.read(absent) if head_start is not None else ():
        store.put(blob_id, content)
        absent.discard(blob_id)
    wanted = list({file.blob_id: file for file in changed if file.blob_id in absent}.values())
    landed: set[str] = set()

    def land(file: RepoFile, content: bytes) -> None:
        store.put(file.blob_id, content)
        landed.add(file.blob_id)

    try:
        refused = hub.fetch(repo_type, repo_id, revision, wanted, land, progress=progress)
    except HubLimitedError as error:
        remaining = len(wanted) - len(landed)
        raise UnfinishedError(
            f"{remaining} of {len(wanted)} new files of {repo_id} are still to be fetched ({error}); what arrived is kept",
            remaining,
        ) from error
    finally:
        store.flush()
    if refused:
        file, reason = refused[0]
        raise SourceError(
            f"{len(refused)} of {len(wanted)} new files of {repo_id} at {revision[:12]} did not arrive whole, the first"
            f" {file.path}: {reason}; what arrived is kept, and the rest is requested again next time"
        )
    return changed


def _is_in_ledger(
    file: RepoFile, repo_type: str, repo_id: str, in_ledger: Mapping[tuple[str, str, str], FileVersion]
) -> bool:
    version = in_ledger.get((repo_type, repo_id, file.path))
    return version is not None and version.blob_id == file.blob_id
