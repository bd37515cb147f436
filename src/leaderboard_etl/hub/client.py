"""Talking to the Hub with huggingface_hub's session: one request a question, verified bodies, no copies from a cache.

The client's own download helpers ask twice a file, hand out stale copies when the Hub is ill and do not hash what they
get. So a request here is a plain GET through its session, by `Transport`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub.answers import (
    GatedRepoError,
    HubLimitedError,
    ModelAnswer,
    NoHubError,
    RepoCommit,
    RepoFile,
    RepoUnavailableError,
    StatusError,
    canonical,
)
from leaderboard_etl.hub.loop import in_parallel
from leaderboard_etl.hub.transport import Answer, Query, Transport
from leaderboard_etl.raw.blob_ids import git_blob_id, verify

# A listing of models takes these too; `baseModels`, which it refuses, is also told by `cardData` and the tags.
MODEL_FIELDS = (
    *("sha", "safetensors", "cardData", "tags", "createdAt", "lastModified", "gated", "disabled"),
    *("library_name", "pipeline_tag", "siblings"),
)
RESULTS_FIELD = "evalResults"
_MOST_HELD_BYTES = 512 << 20
_OTHER_BYTES = 64 << 10  # a body that is not the one asked for is refused for its hash, unless it is far larger
_PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}


@dataclass
class Hub(Transport):
    """One Hub at one address: its repositories, files, models and leaderboards."""

    most_file_bytes: int = 512 << 20
    _has_resolve_cache: bool = True

    def head(self, repo_type: str, repo_id: str) -> str:
        """The head commit of a repository's main branch."""
        answer = self._json(f"/api/{repo_type}s/{_quoted(repo_id)}/revision/main", {"expand": "sha"}, repo_id)
        if not isinstance(answer, dict) or not re.fullmatch(r"[0-9a-f]{40}", str(answer.get("sha"))):
            raise HubError(f"{self.endpoint} names no head commit for {repo_id}: its answer is not that of a Hub")
        return str(answer["sha"])

    def commits(self, repo_type: str, repo_id: str) -> list[RepoCommit]:
        """Every commit of a repository's main branch, newest first. One call a page."""
        path = f"/api/{repo_type}s/{_quoted(repo_id)}/commits/main"
        try:
            return [
                RepoCommit(str(entry["id"]), datetime.fromisoformat(str(entry["date"])).astimezone(UTC))
                for entry in self._pages(path, {}, f"the commits of {repo_id}")
            ]
        except (KeyError, ValueError) as error:
            raise HubError(f"{self.endpoint} lists a commit of {repo_id} without id or date: refused") from error

    def tree(self, repo_type: str, repo_id: str, revision: str) -> list[RepoFile]:
        """Every file of a repository at a commit."""
        path = f"/api/{repo_type}s/{_quoted(repo_id)}/tree/{revision}"
        files = []
        for entry in self._pages(path, {"recursive": "true", "expand": "false"}, repo_id):
            if entry.get("type") == "file":
                lfs = entry.get("lfs")
                blob_id = f"sha256:{lfs['oid']}" if isinstance(lfs, dict) else str(entry["oid"])
                files.append(RepoFile(str(entry["path"]), blob_id, int(entry["size"])))
        return files

    def fetch(
        self,
        repo_type: str,
        repo_id: str,
        revision: str,
        files: Sequence[RepoFile],
        land: Callable[[RepoFile, bytes], None],
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[tuple[RepoFile, str]]:
        """One GET a file at a pinned commit, `workers` at once; each body is verified before `land` gets it.

        `land` is called from the caller's thread. Returns the files that could not be had whole, with the reason. Raises
        HubLimitedError where the Hub's limit or the run's deadline lets no more through.
        """
        refused: list[tuple[RepoFile, str]] = []

        async def get(file: RepoFile) -> bytes:
            return await self._file(repo_type, repo_id, revision, file)

        parallel = in_parallel(
            get, files, workers=self.workers, size_bytes=lambda file: file.size_bytes, most_bytes=_MOST_HELD_BYTES
        )
        for done, (file, result) in enumerate(parallel, 1):
            try:
                land(file, result.result())
            except (NoHubError, HubLimitedError):
                raise  # the others would fare no better
            except HubError as error:
                refused.append((file, str(error)))
            if progress is not None:
                progress(done, len(files))
        return refused

    def fetch_named(
        self, repo_type: str, repo_id: str, revision: str, path: str, most_bytes: int
    ) -> tuple[str, bytes] | None:
        """A file that no tree was asked for: (blob id, bytes), verified against the answer's ETag; null if there is none."""
        try:
            url = self._resolve(repo_type, repo_id, revision, path)
            answer = self.request(url, {}, f"{path} of {repo_id}", most_bytes=most_bytes)
        except RepoUnavailableError as error:
            if error.status == 404:
                return None
            raise
        content = answer.content
        # A small file's hash stands on the redirect to it only.
        stated = (answer.linked_etag or answer.etag).removeprefix("W/").strip('"')
        blob_id = f"sha256:{stated}" if re.fullmatch(r"[0-9a-f]{64}", stated) else stated
        if not re.fullmatch(r"[0-9a-f]{40}|sha256:[0-9a-f]{64}", blob_id):
            blob_id = git_blob_id(content)
        if not verify(blob_id, content):
            raise HubError(
                f"{path} of {repo_id} at {revision[:12]} does not have the hash that the Hub states: refused"
            )
        return blob_id, content

    def model_info(self, repo_id: str) -> ModelAnswer:
        """What the Hub says of one model; a renamed one answers under its new name. One call."""
        answer = self._json(f"/api/models/{_quoted(repo_id)}", {"expand": [*MODEL_FIELDS, RESULTS_FIELD]}, repo_id)
        return self._model(answer, repo_id)

    def list_author_models(self, author: str) -> Iterator[ModelAnswer]:
        """The same of every model of an owner, one call a page of a thousand."""
        query = {"author": author, "limit": "1000", "expand": [*MODEL_FIELDS, RESULTS_FIELD]}
        for entry in self._pages("/api/models", query, author):
            yield self._model(entry, author)

    def _model(self, answer: object, asked: str) -> ModelAnswer:
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise HubError(f"{self.endpoint} answered something that is no model when asked for {asked}")
        revision = answer.get("sha")
        shown = answer.get(RESULTS_FIELD)
        results = [entry for entry in shown if isinstance(entry, dict)] if isinstance(shown, list) else []
        return ModelAnswer(answer["id"], model_body(answer), revision if isinstance(revision, str) else None, results)

    def dataset_leaderboard(self, repo_id: str) -> list[dict[str, Any]]:
        """Which models published results on a benchmark's dataset: its leaderboard on the Hub, fine-tunes included. One call."""
        answer = self._json(f"/api/datasets/{_quoted(repo_id)}/leaderboard", {"base_model": "false"}, repo_id)
        if not isinstance(answer, list):
            raise HubError(f"{self.endpoint} answered no list when asked for the leaderboard of {repo_id}")
        return [entry for entry in answer if isinstance(entry, dict)]

    async def _file(self, repo_type: str, repo_id: str, revision: str, file: RepoFile) -> bytes:
        if file.size_bytes > self.most_file_bytes:
            raise HubError(f"{file.size_bytes:,} bytes, over the limit of {self.most_file_bytes:,}")

        async def get(url: str) -> bytes:
            most_bytes = file.size_bytes + _OTHER_BYTES
            answer = await self.ask(
                url, {}, file.path, most_bytes=most_bytes, is_whole=lambda content: verify(file.blob_id, content)
            )
            return answer.content

        url = self._resolve(repo_type, repo_id, revision, file.path)
        if not self._has_resolve_cache or file.size_bytes == 0 or file.blob_id.startswith("sha256:"):
            return await get(url)
        try:
            return await get(self._resolve_cache(url, repo_type, repo_id, revision, file))
        except StatusError as error:
            if error.status >= 500 or isinstance(error, GatedRepoError):
                raise
        content = await get(url)
        self._has_resolve_cache = False  # this Hub has none: it gave at its usual address what it did not give there
        return content

    def _resolve(self, repo_type: str, repo_id: str, revision: str, path: str) -> str:
        return f"{self.endpoint}/{_PREFIX[repo_type]}{_quoted(repo_id)}/resolve/{revision}/{quote(path)}"

    def _resolve_cache(self, resolve_url: str, repo_type: str, repo_id: str, revision: str, file: RepoFile) -> str:
        """Where the Hub redirects to from a plain git file's usual address: asked at once, that is one request less."""
        asked = quote(unquote(resolve_url.removeprefix(self.endpoint)), safe="")
        place = f"{repo_type}s/{_quoted(repo_id)}/{revision}/{quote(file.path)}"
        return f"{self.endpoint}/api/resolve-cache/{place}?{asked}=&etag=%22{file.blob_id}%22"

    def _pages(self, path: str, query: Query, asked: str) -> Iterator[dict[str, Any]]:
        url: str | None = f"{self.endpoint}{path}"
        parameters: Query = query
        seen: set[str] = set()
        while url is not None:
            if url in seen:
                raise HubError(f"{self.endpoint} names a page of {asked} as the next one again: refused")
            seen.add(url)
            answer = self.request(url, parameters, asked)
            entries = self._decoded(answer, asked)
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise HubError(f"{self.endpoint} answered no list when asked for {asked}")
            yield from entries
            url, parameters = answer.next_url, {}
            if url is not None and not url.startswith(f"{self.endpoint}/"):
                raise HubError(f"{self.endpoint} sends on to another host for the next page of {asked}: refused")

    def _json(self, path: str, query: Query, asked: str) -> object:
        return self._decoded(self.request(f"{self.endpoint}{path}", query, asked), asked)

    def _decoded(self, answer: Answer, asked: str) -> object:
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise HubError(f"{self.endpoint} answered something that is no JSON when asked for {asked}") from error


def model_body(answer: Mapping[str, Any]) -> bytes:
    """The part of an answer about a model that is used, as canonical JSON: likes and downloads change nightly."""
    return canonical({key: answer[key] for key in (*MODEL_FIELDS, "id") if key in answer})


def _quoted(repo_id: str) -> str:
    return quote(repo_id, safe="/")
