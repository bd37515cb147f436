"""Talking to the Hub with huggingface_hub's session: one request a question, verified bodies, no copies from a cache.

The client's own download helpers ask twice a file, hand out stale copies when the Hub is ill and do not hash what they
get. So a request here is a plain GET through its session, by `Transport`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub.answers import (
    FileTooLargeError,
    ModelAnswer,
    NoHubError,
    RepoFile,
    RepoUnavailableError,
    canonical,
)
from leaderboard_etl.hub.transport import Query, Transport
from leaderboard_etl.raw.blob_ids import git_blob_id, verify

if TYPE_CHECKING:
    import httpx2

# A listing of models takes these too; `baseModels`, which it refuses, is also told by `cardData` and the tags.
MODEL_FIELDS = (
    *("sha", "safetensors", "cardData", "tags", "createdAt", "lastModified", "gated", "disabled"),
    *("library_name", "pipeline_tag", "siblings"),
)
RESULTS_FIELD = "evalResults"
_MOST_JSON_BYTES = 64 << 20
_PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}


@dataclass
class Hub(Transport):
    """One Hub at one address: its repositories, files, models and leaderboards."""

    most_file_bytes: int = 512 << 20

    def head(self, repo_type: str, repo_id: str) -> str:
        """The head commit of a repository's main branch."""
        answer = self._json(f"/api/{repo_type}s/{_quoted(repo_id)}/revision/main", {"expand": "sha"}, repo_id)
        if not isinstance(answer, dict) or not re.fullmatch(r"[0-9a-f]{40}", str(answer.get("sha"))):
            raise HubError(f"{self.endpoint} names no head commit for {repo_id}: its answer is not that of a Hub")
        return str(answer["sha"])

    def tree(self, repo_type: str, repo_id: str, revision: str) -> list[RepoFile]:
        """Every file of a repository at a commit."""
        path = f"/api/{repo_type}s/{_quoted(repo_id)}/tree/{revision}"
        files = []
        for entry in self._pages(path, {"recursive": "true"}, repo_id):
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

        `land` is called from the caller's thread. Returns the files that could not be had whole, with the reason.
        """
        refused: list[tuple[RepoFile, str]] = []

        def get(file: RepoFile) -> bytes:
            return self._file(repo_type, repo_id, revision, file)

        for done, (file, result) in enumerate(_in_parallel(get, files, self.workers), 1):
            try:
                land(file, result.result())
            except NoHubError:
                raise
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
            response = self.request(self._resolve(repo_type, repo_id, revision, path), {}, path, is_file=True)
        except RepoUnavailableError as error:
            if error.status == 404:
                return None
            raise
        content = response.content
        if len(content) > most_bytes:
            raise FileTooLargeError(
                f"{path} of {repo_id} has {len(content):,} bytes, over the limit of {most_bytes:,}: refused"
            )
        etag = response.headers.get("x-linked-etag") or response.headers.get("etag") or ""
        stated = etag.removeprefix("W/").strip('"')
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

    def _file(self, repo_type: str, repo_id: str, revision: str, file: RepoFile) -> bytes:
        if file.size_bytes > self.most_file_bytes:
            raise HubError(f"{file.size_bytes:,} bytes, over the limit of {self.most_file_bytes:,}")
        url = self._resolve(repo_type, repo_id, revision, file.path)

        def is_whole(response: httpx2.Response) -> bool:
            return len(response.content) == file.size_bytes and verify(file.blob_id, response.content)

        return self.request(url, {}, file.path, is_file=True, is_whole=is_whole).content

    def _resolve(self, repo_type: str, repo_id: str, revision: str, path: str) -> str:
        return f"{self.endpoint}/{_PREFIX[repo_type]}{_quoted(repo_id)}/resolve/{revision}/{quote(path)}"

    def _pages(self, path: str, query: Query, asked: str) -> Iterator[dict[str, Any]]:
        url: str | None = f"{self.endpoint}{path}"
        parameters: Query = query
        while url is not None:
            response = self.request(url, parameters, asked)
            entries = self._decoded(response, asked)
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise HubError(f"{self.endpoint} answered no list when asked for {asked}")
            yield from entries
            url, parameters = response.links.get("next", {}).get("url"), {}
            if url is not None and not url.startswith(f"{self.endpoint}/"):
                raise HubError(f"{self.endpoint} sends on to another host for the next page of {asked}: refused")

    def _json(self, path: str, query: Query, asked: str) -> object:
        return self._decoded(self.request(f"{self.endpoint}{path}", query, asked), asked)

    def _decoded(self, response: httpx2.Response, asked: str) -> object:
        if len(response.content) > _MOST_JSON_BYTES:
            raise HubError(f"{self.endpoint} answered {len(response.content):,} bytes when asked for {asked}: refused")
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError) as error:
            raise HubError(f"{self.endpoint} answered something that is no JSON when asked for {asked}") from error


def model_body(answer: Mapping[str, Any]) -> bytes:
    """The part of an answer about a model that is used, as canonical JSON: likes and downloads change nightly."""
    return canonical({key: answer[key] for key in (*MODEL_FIELDS, "id") if key in answer})


def _in_parallel(
    work: Callable[[RepoFile], bytes], items: Iterable[RepoFile], workers: int
) -> Iterator[tuple[RepoFile, Future[bytes]]]:
    """Results as they come, with at most twice as many in memory as there are workers."""
    with ThreadPoolExecutor(workers, thread_name_prefix="hub") as pool:
        waiting: dict[Future[bytes], RepoFile] = {}
        todo = iter(items)
        try:
            while True:
                for item in todo:
                    waiting[pool.submit(work, item)] = item
                    if len(waiting) >= 2 * workers:
                        break
                if not waiting:
                    return
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield waiting.pop(future), future
        finally:
            for future in waiting:
                future.cancel()


def _quoted(repo_id: str) -> str:
    return quote(repo_id, safe="/")
