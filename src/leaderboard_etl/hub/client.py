"""Talks to the Hub with huggingface_hub's session: one request per question, verified bodies, no copies from a cache.

The client's own download helpers ask twice per file, return stale copies when the Hub fails, and do not hash what they
receive. So a request here is a plain GET through its session, by `Transport`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub.answers import (
    GatedRepoError,
    HubLimitedError,
    MissingFileError,
    ModelAnswer,
    ModelPage,
    NoHubError,
    RepoCommit,
    RepoFile,
    StatusError,
    canonical,
)
from leaderboard_etl.hub.loop import in_parallel
from leaderboard_etl.hub.transport import Answer, Query, Transport
from leaderboard_etl.raw.blob_ids import git_blob_id, verify

# A list of models accepts these too; it refuses `baseModels`, which `cardData` and the tags state as well.
MODEL_FIELDS = (
    *("sha", "safetensors", "cardData", "tags", "createdAt", "lastModified", "gated", "disabled"),
    *("library_name", "pipeline_tag", "siblings"),
)
RESULTS_FIELD = "evalResults"
LISTED_FIELDS = (*MODEL_FIELDS, RESULTS_FIELD)
# Models per page: listing an owner of thousands may take the Hub longer than it allows itself.
_PAGE_ROWS = (1000, 200, 50)
_MOST_PAGES = 2000  # of one list: two million files, or a hundred thousand commits
_MOST_HELD_BYTES = 512 << 20
_OTHER_BYTES = 64 << 10  # another body than the one asked for is refused by its hash, unless it is far larger
_PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}


@dataclass
class Hub(Transport):
    """One Hub at one address: its repositories, files, models and leaderboards.

    Questions about models, asked by the thousand, are coroutines for the loop (`loop.run`, `loop.start`); others block.
    """

    most_file_bytes: int = 512 << 20
    _has_resolve_cache: bool = True

    def head(self, repo_type: str, repo_id: str) -> str:
        """The head commit of a repository's main branch."""
        answer = self._json(f"/api/{repo_type}s/{_quoted(repo_id)}/revision/main", {"expand": "sha"}, repo_id)
        if not isinstance(answer, dict) or not re.fullmatch(r"[0-9a-f]{40}", str(answer.get("sha"))):
            raise HubError(
                f"{self.endpoint} does not name a head commit for {repo_id}: its answer is not that of a Hub"
            )
        return str(answer["sha"])

    def commits(self, repo_type: str, repo_id: str, *, most_entries: int | None = None) -> list[RepoCommit]:
        """The commits of a repository's main branch, newest first, at most `most_entries` (null: all). One call per page."""
        path = f"/api/{repo_type}s/{_quoted(repo_id)}/commits/main"
        try:
            return [
                RepoCommit(str(entry["id"]), datetime.fromisoformat(str(entry["date"])).astimezone(UTC))
                for entry in islice(self._pages(path, {}, f"the commits of {repo_id}"), most_entries)
            ]
        except (KeyError, ValueError, OverflowError) as error:
            raise HubError(f"{self.endpoint} lists a commit of {repo_id} without id or date: refused") from error

    def tree(
        self, repo_type: str, repo_id: str, revision: str, *, folder: str = "", most_entries: int | None = None
    ) -> list[RepoFile]:
        """The files of a repository at a commit, or of one folder and all below it; `most_entries` counts folders too (null: no
        limit). One call per page."""
        files = []
        query = {"recursive": "true", "expand": "false"}
        pages = self._pages(_tree_path(repo_type, repo_id, revision, folder), query, repo_id)
        for entry in islice(pages, most_entries):
            if entry.get("type") == "file":
                path, size_bytes, lfs = entry.get("path"), entry.get("size"), entry.get("lfs")
                oid = lfs.get("oid") if isinstance(lfs, dict) else entry.get("oid")
                if not (isinstance(path, str) and isinstance(oid, str) and isinstance(size_bytes, int)):
                    raise HubError(f"{self.endpoint} lists a file of {repo_id} without path, hash or size: refused")
                files.append(RepoFile(path, f"sha256:{oid}" if isinstance(lfs, dict) else oid, size_bytes))
        return files

    def folders(self, repo_type: str, repo_id: str, revision: str, folder: str = "") -> list[str]:
        """The names of the folders directly below a folder, or below the repository's root. One call per page."""
        query = {"recursive": "false", "expand": "false"}
        entries = self._pages(_tree_path(repo_type, repo_id, revision, folder), query, repo_id)
        paths = [entry.get("path") for entry in entries if entry.get("type") == "directory"]
        if not all(isinstance(path, str) for path in paths):
            raise HubError(f"{self.endpoint} lists a folder of {repo_id} without path: refused")
        return [str(path).rpartition("/")[2] for path in paths]

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
        """One GET per file at a pinned commit, `workers` at once; each body is verified before `land` gets it.

        `land` is called from the caller's thread. Returns the files that did not arrive whole, with the reason. Raises
        HubLimitedError if the Hub's limit or the run's deadline lets no more through.
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
                raise  # the others would fail in the same way
            except HubError as error:
                refused.append((file, str(error)))
            if progress is not None:
                progress(done, len(files))
        return refused

    async def fetch_named(
        self,
        repo_type: str,
        repo_id: str,
        revision: str,
        path: str,
        most_bytes: int,
        *,
        held: Callable[[str], bytes | None] | None = None,
    ) -> tuple[str, bytes] | None:
        """A file without a tree that gives its hash: (blob id, bytes), verified against the answer's ETag; null if it is absent.

        The Hub's redirect to it states its hash: if `held` has the bytes of that blob id, they are not requested.
        """

        def held_content(etag: str) -> bytes | None:
            blob_id = _id_in_etag(etag)
            content = held(blob_id) if held is not None and blob_id is not None else None
            return content if content is not None and len(content) <= most_bytes else None

        try:
            url = self._resolve(repo_type, repo_id, revision, path)
            answer = await self.ask(url, {}, f"{path} of {repo_id}", most_bytes=most_bytes, held=held and held_content)
        except MissingFileError:
            return None
        content = answer.content
        # Only the redirect to a small file states its hash.
        blob_id = _id_in_etag(answer.linked_etag or answer.etag) or git_blob_id(content)
        if not verify(blob_id, content):
            raise HubError(
                f"{path} of {repo_id} at {revision[:12]} does not have the hash that the Hub states: refused"
            )
        return blob_id, content

    async def model_info(self, repo_id: str) -> ModelAnswer:
        """The Hub's answer about one model; a renamed one answers under its new name. One call."""
        answer = await self.ask(f"{self.endpoint}/api/models/{_quoted(repo_id)}", {"expand": [*LISTED_FIELDS]}, repo_id)
        return self._model(self._decoded(answer, repo_id), repo_id)

    async def models_page(
        self, author: str | None = None, *, fields: Sequence[str] = LISTED_FIELDS, next_url: str | None = None
    ) -> ModelPage:
        """A page of the models of an owner, or of all, the last changed first; `next_url` is named by the page before.

        One call, and another for each smaller page if the Hub fails on a large one.
        """
        owned = {} if author is None else {"author": author}
        query: Query = {**owned, "sort": "lastModified", "expand": list(fields)}
        asked = "the models that changed last" if author is None else f"the models of {author}"
        url = next_url or f"{self.endpoint}/api/models"
        for limit in _PAGE_ROWS:
            is_last = limit == _PAGE_ROWS[-1]
            address, sized = (_with_limit(url, limit), {}) if next_url else (url, {**query, "limit": str(limit)})
            try:
                page = await self.ask(address, sized, asked, most_tries=None if is_last else 2)
                break
            except HubError as error:
                if is_last or isinstance(error, NoHubError | HubLimitedError) or 0 < error.status < 500:
                    raise
        entries = [entry for entry in self._entries(page, asked) if isinstance(entry.get("id"), str)]
        return ModelPage([self._model(entry, asked) for entry in entries], self._next(page, asked))

    def _model(self, answer: object, asked: str) -> ModelAnswer:
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise HubError(f"{self.endpoint} did not answer with a model when asked for {asked}")
        revision = answer.get("sha")
        results_field = answer.get(RESULTS_FIELD)
        results = (
            [entry for entry in results_field if isinstance(entry, dict)] if isinstance(results_field, list) else []
        )
        modified_at = answer.get("lastModified")
        return ModelAnswer(
            answer["id"],
            model_body(answer),
            revision if isinstance(revision, str) else None,
            results,
            modified_at if isinstance(modified_at, str) else None,
        )

    def dataset_leaderboard(self, repo_id: str) -> list[dict[str, Any]]:
        """Which models published results on a benchmark's dataset: its leaderboard on the Hub, fine-tunes included. One call."""
        answer = self._json(f"/api/datasets/{_quoted(repo_id)}/leaderboard", {"base_model": "false"}, repo_id)
        if not isinstance(answer, list):
            raise HubError(f"{self.endpoint} did not answer with a list when asked for the leaderboard of {repo_id}")
        return [entry for entry in answer if isinstance(entry, dict)]

    def official_benchmarks(self) -> list[str]:
        """The datasets that the Hub marks as benchmarks with a leaderboard. One call per page of a thousand."""
        query = {"filter": "benchmark:official", "limit": "1000", "expand": "gated"}
        entries = self._pages("/api/datasets", query, "the official benchmarks")
        return [entry["id"] for entry in entries if isinstance(entry.get("id"), str)]

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
        # This Hub has no such address: it served at the usual one what it did not serve here.
        self._has_resolve_cache = False
        return content

    def _resolve(self, repo_type: str, repo_id: str, revision: str, path: str) -> str:
        return f"{self.endpoint}/{_PREFIX[repo_type]}{_quoted(repo_id)}/resolve/{revision}/{quote(path)}"

    def _resolve_cache(self, resolve_url: str, repo_type: str, repo_id: str, revision: str, file: RepoFile) -> str:
        """The address to which the Hub redirects from a plain git file's usual one; asking there at once saves a request."""
        asked = quote(unquote(resolve_url.removeprefix(self.endpoint)), safe="")
        at_commit = f"{repo_type}s/{_quoted(repo_id)}/{revision}/{quote(file.path)}"
        return f"{self.endpoint}/api/resolve-cache/{at_commit}?{asked}=&etag=%22{file.blob_id}%22"

    def _pages(self, path: str, query: Query, asked: str) -> Iterator[dict[str, Any]]:
        url: str | None = f"{self.endpoint}{path}"
        parameters: Query = query
        urls_read: set[str] = set()
        while url is not None:
            if url in urls_read:
                raise HubError(f"{self.endpoint} names a page of {asked} as the next one again: refused")
            if len(urls_read) == _MOST_PAGES:
                raise HubError(f"{self.endpoint} lists {asked} in more than {_MOST_PAGES:,} pages: refused")
            urls_read.add(url)
            answer = self.request(url, parameters, asked)
            yield from self._entries(answer, asked)
            url, parameters = self._next(answer, asked), {}

    def _entries(self, answer: Answer, asked: str) -> list[dict[str, Any]]:
        entries = self._decoded(answer, asked)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise HubError(f"{self.endpoint} did not answer with a list when asked for {asked}")
        return entries

    def _next(self, answer: Answer, asked: str) -> str | None:
        """The address of the next page; null: this is the last."""
        if answer.next_url is not None and not answer.next_url.startswith(f"{self.endpoint}/"):
            raise HubError(f"{self.endpoint} names another host for the next page of {asked}: refused")
        return answer.next_url

    def _json(self, path: str, query: Query, asked: str) -> object:
        return self._decoded(self.request(f"{self.endpoint}{path}", query, asked), asked)

    def _decoded(self, answer: Answer, asked: str) -> object:
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise HubError(f"{self.endpoint} did not answer with JSON when asked for {asked}") from error


def model_body(answer: Mapping[str, Any]) -> bytes:
    """The part of an answer about a model that we use, as canonical JSON: likes and downloads change nightly."""
    return canonical({key: answer[key] for key in (*MODEL_FIELDS, "id") if key in answer})


def _id_in_etag(etag: str) -> str | None:
    """The blob id in an ETag; null if it has something else."""
    tag = etag.removeprefix("W/").strip('"')
    if re.fullmatch(r"[0-9a-f]{64}", tag):
        return f"sha256:{tag}"
    return tag if re.fullmatch(r"[0-9a-f]{40}", tag) else None


def _with_limit(url: str, limit: int) -> str:
    """The address of a page with another number of rows; its cursor holds where it begins."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "limit"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("limit", str(limit))])))


def _tree_path(repo_type: str, repo_id: str, revision: str, folder: str) -> str:
    below = f"/{quote(folder, safe='')}" if folder else ""
    return f"/api/{repo_type}s/{_quoted(repo_id)}/tree/{revision}{below}"


def _quoted(repo_id: str) -> str:
    return quote(repo_id, safe="/")
