"""Writes to the Hub: a folder of files as a repository, a dataset or a static Space, in one commit; without changes it writes
nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from leaderboard_etl.errors import HubError, UsageError
from leaderboard_etl.hub import loop
from leaderboard_etl.hub.answers import HubUnreachableError, RepoUnavailableError, TokenRefusedError
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.hub.transport import prepare_environment
from leaderboard_etl.raw.blob_ids import verify

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Kind = Literal["dataset", "space"]
_MOST_MANIFEST_BYTES = 16 << 20
# A file that the Hub itself puts into every new repository.
_NOT_OURS = (".gitattributes",)
# What else it puts into a new static Space.
_START_PAGE = {"README.md", "index.html", "style.css"}
_FOLDERS: dict[Kind, str] = {"dataset": "datasets", "space": "spaces"}


@dataclass(frozen=True)
class Pushed:
    """The result of a push: `commit` is null if the repository held everything already, `tag` if none names this commit (it stays
    at another, the Hub has no tags, or none was asked for); `note` is for a person."""

    url: str
    commit: str | None
    tag: str | None
    note: str | None


def push(
    endpoint: str,
    kind: Kind,
    repo_id: str,
    files: Mapping[str, bytes],
    *,
    along: Mapping[str, bytes],
    listing: str,
    is_ours: Callable[[Any], bool],
    message: str,
    tag: str | None,
) -> Pushed:
    """Makes the repository hold `files`, tagged `tag` (null: no tag); `along` goes with a commit but does not cause one.

    A repository that does not exist is created; a Space as a static one, of which the Hub's own start page is removed.

    `listing` is the name of the JSON file whose `files` name everything that an earlier push put there; of these, the push
    removes what is not in `files` now. Files that are in no listing are left alone.
    Raises UsageError without a token, for an invalid name, and for a repository with files but without a listing that
    `is_ours` accepts; HubError if the Hub refuses or does not answer.
    """
    token = writing_token(endpoint, repo_id)
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    hub, api = Hub(endpoint, token), HfApi(endpoint, token, library_name="leaderboard-etl")
    with _plain_errors(endpoint, repo_id):
        head, is_new = _head_or_new(hub, api, kind, repo_id)
        there = {file.path: file.blob_id for file in hub.tree(kind, repo_id, head)}
        started = set(there) - set(_NOT_OURS)
        is_start = is_new and started <= _START_PAGE
        earlier = started if is_start else _earlier(hub, kind, repo_id, head, there, listing, is_ours)
        changed = [name for name, content in files.items() if name not in there or not verify(there[name], content)]
        gone = sorted(name for name in earlier if name in there and name not in files and name not in along)
        commit = None
        if changed or gone:
            more = [(name, content) for name, content in along.items()]
            operations = [
                CommitOperationAdd(name, content) for name, content in [*((n, files[n]) for n in changed), *more]
            ]
            answer = api.create_commit(
                repo_id,
                [*operations, *(CommitOperationDelete(name) for name in gone)],
                commit_message=message,
                repo_type=kind,
                parent_commit=head,
            )
            commit = answer.oid
        note = None if tag is None else _tag(api, kind, repo_id, tag, commit or head)
    return Pushed(f"{endpoint}/{_FOLDERS[kind]}/{repo_id}", commit, tag if note is None else None, note)


def writing_token(endpoint: str, repo_id: str) -> str:
    """The token with which the repository is written. Raises UsageError without a token and for an invalid name; it asks the Hub
    nothing."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo_id):
        raise UsageError(f"{repo_id!r} is not a repository name; expected ORG/NAME")
    prepare_environment(endpoint)
    from huggingface_hub import get_token

    token = get_token()
    if token is None:
        raise UsageError(f"writing to {endpoint} needs a token with write access: set HF_TOKEN, or run `hf auth login`")
    return token


def _head_or_new(hub: Hub, api: HfApi, kind: Kind, repo_id: str) -> tuple[str, bool]:
    """The head commit of a repository, and whether it was created for this push."""
    try:
        return hub.head(kind, repo_id), False
    except RepoUnavailableError:
        api.create_repo(repo_id, repo_type=kind, space_sdk="static" if kind == "space" else None, exist_ok=True)
        return hub.head(kind, repo_id), True


def _earlier(
    hub: Hub,
    kind: Kind,
    repo_id: str,
    head: str,
    there: Mapping[str, str],
    listing: str,
    is_ours: Callable[[Any], bool],
) -> set[str]:
    """The files that the last push put there. Raises UsageError if somebody else made the repository."""
    if not set(there) - set(_NOT_OURS):
        return set()
    try:
        manifest = None
        if listing in there:
            manifest = loop.run(hub.fetch_named(kind, repo_id, head, listing, _MOST_MANIFEST_BYTES))
        listed = json.loads(manifest[1]) if manifest else None
        if listed is not None and is_ours(listed):
            return {*listed["files"], listing}
    except (ValueError, TypeError, KeyError):
        pass
    option = "--repo" if kind == "dataset" else "--space"
    raise UsageError(f"the {kind} {repo_id} holds files that are not a snapshot of ours: choose another {option}")


def _tag(api: HfApi, kind: Kind, repo_id: str, tag: str, commit: str) -> str | None:
    """Sets the tag unless it exists; a tag on another commit stays, because it may be cited. Returns what to say about it."""
    from huggingface_hub.errors import HfHubHTTPError

    tags = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo_id, repo_type=kind).tags}
    if tag in tags:
        if tags[tag] == commit:
            return None
        return f"the tag {tag} stays at commit {tags[tag][:12]}, where it may be cited; main is at {commit[:12]}"
    try:
        api.create_tag(repo_id, tag=tag, revision=commit, repo_type=kind, exist_ok=True)
    except HfHubHTTPError as error:
        if error.response is not None and error.response.status_code in (404, 405, 501):
            return f"this Hub does not support tags: cite the commit {commit}"
        raise
    return None


@contextmanager
def _plain_errors(endpoint: str, repo_id: str) -> Iterator[None]:
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        yield
    except HFValidationError as error:
        raise UsageError(f"{repo_id!r} is not a repository name: {str(error).splitlines()[0]}") from error
    except RepoUnavailableError as error:
        raise _refusal(endpoint, repo_id, error.status) from error
    except TokenRefusedError as error:
        raise _refusal(endpoint, repo_id, 401) from error
    except HfHubHTTPError as error:
        raise _refusal(endpoint, repo_id, error.response.status_code if error.response is not None else 0) from error
    except (httpx2.TransportError, OSError, RuntimeError) as error:  # the last two: the public Hub's upload store
        raise HubUnreachableError(
            f"the Hub at {endpoint} cannot be reached ({type(error).__name__}): check the address and the network"
        ) from error


def _refusal(endpoint: str, repo_id: str, status: int) -> HubError:
    if status in (401, 403, 404):
        why = "the token is not valid there" if status == 401 else f"the token may not write to {repo_id}"
        return HubError(f"{endpoint} refuses to take {repo_id} (HTTP {status}): {why}; nothing was published")
    if status == 412:
        return HubError(f"{repo_id} was changed while we were writing to it: nothing was published; try again")
    return HubError(f"{endpoint} did not take {repo_id} (HTTP {status}): try again later")
