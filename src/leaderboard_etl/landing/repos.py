"""Brings the wanted files of one repository into raw: asks for the head commit, lists the tree if it moved, and sends
one GET per new blob."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from leaderboard_etl.errors import SourceError
from leaderboard_etl.hub.answers import HubLimitedError, RepoFile
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.head_start import HeadStart
from leaderboard_etl.raw.ledger import Changes, FileVersion, Place
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
    in_ledger: Mapping[Place, FileVersion],
    now: str,
    is_fetched_once: Callable[[str], bool] = lambda path: False,
    last_revision: str | None = None,
    at_revision: str | None = None,
    folder: str = "",
    head_start: HeadStart | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RepoSync:
    """Lands every wanted file of the head commit, or of the commit `at_revision`, that is not in the ledger; from
    `head_start` if it is there. Of a file that `is_fetched_once` any version is enough. Only `folder` and what is below it
    is listed. If the head is still `last_revision`, one request is enough.

    Raises HubError if the Hub does not answer, NoFilesError if there is no wanted file, SourceError if a file did not
    arrive whole, UnfinishedError if the deadline or the Hub's limit ended the run before all files were fetched. After
    an UnfinishedError nothing changes, and the files that arrived are not requested again.
    """
    revision = at_revision or hub.head(repo_type, repo_id)
    if revision == last_revision:
        return RepoSync(revision, Changes())
    tree = {
        (repo_type, repo_id, file.path): file
        for file in hub.tree(repo_type, repo_id, revision, folder=folder)
        if wants(file.path)
    }
    if not tree:
        raise NoFilesError(
            f"{repo_id} at {revision[:12]} holds none of the files that this source reads: were they moved or renamed?"
        )
    changed = [
        FileVersion(*place, revision, file.blob_id, file.size_bytes, now)
        for place, file in tree.items()
        if place not in in_ledger or not (is_fetched_once(file.path) or in_ledger[place].blob_id == file.blob_id)
    ]
    absent = store.missing(file.blob_id for file in changed)
    for blob_id, content in head_start.read(absent) if head_start is not None else ():
        store.put(blob_id, content)
        absent.discard(blob_id)
    wanted = {file.blob_id: tree[file.place] for file in changed if file.blob_id in absent}
    _fetch(hub, store, repo_type, repo_id, revision, list(wanted.values()), progress)
    return RepoSync(
        revision,
        Changes(changed, [place for place in in_ledger if place[:2] == (repo_type, repo_id) and place not in tree]),
    )


def _fetch(
    hub: Hub,
    store: BlobStore,
    repo_type: str,
    repo_id: str,
    revision: str,
    wanted: Sequence[RepoFile],
    progress: Callable[[int, int], None] | None,
) -> None:
    """Fetches files into the store. Raises SourceError and UnfinishedError like sync_repo."""
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
