"""What the Hub answers, and the ways in which it does not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leaderboard_etl.errors import HubError


class NoHubError(HubError):
    """No further request makes sense in this run: without a Hub there is no night."""


class HubUnreachableError(NoHubError):
    """An address that never answered in this run. Any later failure is that of a file, an owner or a source."""


class TokenRefusedError(NoHubError):
    """The Hub does not accept the token that was sent; it answers so for public repositories too."""


class HubLimitedError(HubError):
    """The Hub's rate limit outlasted our patience or the run's deadline."""


class DeadlineError(HubLimitedError):
    """The run's time is up: what was in flight is dropped, and nothing more is asked for."""


class FileTooLargeError(HubError):
    """A file over the limit of what is read of its kind."""


class StatusError(HubError):
    """An HTTP status that is no good answer, whatever was tried; `status` is the last one."""


class RepoUnavailableError(StatusError):
    """A repository or file that is gone, private or gated."""


class GatedRepoError(RepoUnavailableError):
    """A repository or file that is shown only to those who accepted its terms."""


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
    """What the Hub said of one model: `body` is its JSON with sorted keys, `repo_id` the name that it answers to now.

    `results` are the evaluation results that the Hub shows of it, apart, for they change without a commit of the model's.
    `modified_at` is the moment of its last commit as the Hub writes it; null where it does not say.
    """

    repo_id: str
    body: bytes
    revision: str | None
    results: list[dict[str, Any]] = field(default_factory=list)
    modified_at: str | None = None


@dataclass(frozen=True)
class ModelPage:
    """A page of a list of models, and the address of the next one; null: it is the last."""

    answers: list[ModelAnswer]
    next_url: str | None


def canonical(answer: object) -> bytes:
    """An answer's JSON with sorted keys, so that the same content has the same bytes. Half a character, which no file can
    hold, becomes a question mark."""
    return json.dumps(answer, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
