"""Brings some folders of a repository into raw, if the repository is too large to be listed whole.

One call lists the folders below `root`, and one list per chosen folder shows its files. Folders are independent: one
that fails stays as it was. One that is gone or empty stays as well, because its old content is still true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from leaderboard_etl.errors import SourceError
from leaderboard_etl.hub.answers import MissingFileError
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.head_start import HeadStart
from leaderboard_etl.landing.repos import NoFilesError, UnfinishedError, sync_repo
from leaderboard_etl.raw.ledger import Changes, FileVersion, Place
from leaderboard_etl.raw.store import BlobStore


@dataclass
class FolderSync:
    """The result of a sync: the head commit, the changes since the last load, and the names of all folders below the root.

    `names` is null if the head did not move, and `has_second` says whether the second layout is there. `held` are
    folders that were read before and are now gone or empty. `failures` says why other folders could not be fetched;
    `remaining` is how many of their files are still to be fetched.
    """

    revision: str
    changes: Changes = field(default_factory=Changes)
    names: Sequence[str] | None = None
    has_second: bool = False
    held: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    remaining: int = 0


def sync_folders(
    hub: Hub,
    store: BlobStore,
    repo_type: str,
    repo_id: str,
    *,
    root: str,
    choose: Callable[[Sequence[str]], Sequence[str]],
    same_as: Callable[[str], str],
    wants: Callable[[str], bool],
    in_ledger: Mapping[Place, FileVersion],
    last_revision: str | None,
    now: str,
    second: str | None = None,
    head_start: HeadStart | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FolderSync:
    """Lands every wanted file that is new in the folders that `choose` selects, in its order.

    If the head is still `last_revision`, one request is enough. Two names with the same `same_as` value are one renamed
    folder. Raises HubError if the Hub does not answer, SourceError if the root is gone or `choose` selects no folder.
    """
    revision = hub.head(repo_type, repo_id)
    if revision == last_revision:
        return FolderSync(revision)
    try:
        names = hub.folders(repo_type, repo_id, revision, root)
    except MissingFileError:
        names = []
    chosen = choose(names)
    if not chosen:
        raise SourceError(
            f"{repo_id} at {revision[:12]} has none of the folders in {root}/ that this source reads: were they moved or renamed?"
        )
    has_second = second is not None and second in hub.folders(repo_type, repo_id, revision)
    sync = FolderSync(revision, names=names, has_second=has_second)
    read_before = _by_folder(in_ledger, root)
    listed: set[str] = set()
    not_empty: set[str] = set()
    gone: set[Place] = set(in_ledger)
    for name in chosen:
        before = {place: in_ledger[place] for place in read_before.get(name, ())}
        try:
            result = sync_repo(
                hub,
                store,
                repo_type,
                repo_id,
                wants=wants,
                in_ledger=before,
                now=now,
                at_revision=revision,
                folder=f"{root}/{name}",
                head_start=head_start,
                progress=progress,
            )
        except NoFilesError:
            listed.add(name)
            continue
        except UnfinishedError as error:
            sync.failures.append(str(error))
            sync.remaining = error.remaining
            break
        except SourceError as error:
            sync.failures.append(str(error))
            continue
        listed.add(name)
        not_empty.add(same_as(name))
        gone.difference_update(before.keys() - set(result.changes.gone))
        sync.changes.changed.extend(result.changes.changed)
    for name, places in read_before.items():
        if name in chosen and name not in listed:
            continue
        is_empty = name not in names or (name in listed and gone.issuperset(places))
        if is_empty and same_as(name) not in not_empty:
            sync.held.append(name)
        else:
            sync.changes.gone.extend(place for place in places if place in gone)
    return sync


def _by_folder(in_ledger: Mapping[Place, FileVersion], root: str) -> dict[str, list[Place]]:
    """The places of known files, grouped by the name of their folder below the root, in sorted order."""
    places: dict[str, list[Place]] = {}
    for place in sorted(in_ledger):
        places.setdefault(place[2].removeprefix(f"{root}/").partition("/")[0], []).append(place)
    return places
