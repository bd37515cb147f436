"""The answers of the Hub, and the errors in place of one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leaderboard_etl.errors import HubError


class NoHubError(HubError):
    """No further request makes sense in this run: without a Hub the night ends."""


class HubUnreachableError(NoHubError):
    """An address that never answered in this run. A later failure belongs to a file, an owner or a source."""


class TokenRefusedError(NoHubError):
    """The Hub does not accept the token that was sent; it answers so for public repositories too."""


class UnusableSettingsError(NoHubError):
    """No request can be sent because of this machine's own token, proxy or certificates."""


class HubLimitedError(HubError):
    """The Hub's rate limit outlasted our patience or the run's deadline."""


class DeadlineError(HubLimitedError):
    """The run's time is up: requests in flight are dropped, and no more are sent."""


class FileTooLargeError(HubError):
    """A file larger than the limit for its kind."""


class StatusError(HubError):
    """An HTTP status that stayed an error after all attempts; `status` is the last one."""


class RepoUnavailableError(StatusError):
    """A repository or file that is gone, private or gated, by the Hub's own word."""


class MissingFileError(RepoUnavailableError):
    """A file or folder that a commit does not have."""


class GatedRepoError(RepoUnavailableError):
    """A repository or file that the Hub shows only to those who accepted its terms."""


@dataclass(frozen=True)
class RepoCommit:
    """A commit of a repository; `committed_at` is in UTC."""

    revision: str
    committed_at: datetime


@dataclass(frozen=True)
class RepoFile:
    """A file of a tree. `blob_id` is its git blob id, or `sha256:…` for an LFS file."""

    path: str
    blob_id: str
    size_bytes: int


@dataclass(frozen=True)
class ModelAnswer:
    """The Hub's answer about one model: `body` is its JSON with sorted keys, `repo_id` the name that the model has now.

    `results` are the evaluation results that the Hub shows for it, separate because they change without a commit of the model.
    `modified_at` is the moment of its last commit as the Hub writes it; null if the Hub does not state it.
    """

    repo_id: str
    body: bytes
    revision: str | None
    results: list[dict[str, Any]] = field(default_factory=list)
    modified_at: str | None = None


@dataclass(frozen=True)
class ModelPage:
    """A page of a list of models, and the address of the next page (null on the last)."""

    answers: list[ModelAnswer]
    next_url: str | None


def canonical(answer: object) -> bytes:
    """An answer's JSON with sorted keys, so that equal content has equal bytes. Half a character (a lone surrogate), which no
    file can hold, becomes a question mark."""
    return json.dumps(answer, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
