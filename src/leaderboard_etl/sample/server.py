"""A small Hub on loopback: serves a folder with the addresses, headers and error codes of the Hugging Face Hub.

Layout of the folder: `datasets/<org>/<name>/...`, `models/...`, `spaces/...` hold the files of each repository's newest
commit. `_api/<kind>/<org>/<name>.json` holds fields that override the computed API answer; alone it makes a repository
without files. Fields that neither a card nor `_api` states are absent from the answer, never invented.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import quote, urlencode

from leaderboard_etl.errors import UsageError
from leaderboard_etl.sample import questions
from leaderboard_etl.sample.repositories import KINDS, Commit, Repositories
from leaderboard_etl.sample.wire import Listener, Request, Response, as_json, refusal

PAGE_ROWS = 1000
COMMIT_ROWS = 50


class HubServer:
    """Serves `root` on 127.0.0.1 at a free port, within a `with` block.

    Every request except a download at a commit id reads the folder again, so a changed file makes a new head commit.
    Commits that were served since the start still answer with their own bytes. `others` are folders of further
    repositories, by `datasets/org/name`.
    """

    listener: ClassVar[type[Listener]] = Listener
    # Whether the usual address of a small file redirects to a second address, as on the real Hub.
    has_resolve_cache = True

    def __init__(self, root: Path, *, others: Mapping[str, Path] | None = None) -> None:
        if not root.is_dir():
            raise UsageError(f"{root} is not a folder: there is nothing to serve as a Hub")
        self.repositories = Repositories(root, others)
        self.url = ""

    def __enter__(self) -> Self:
        self._listener = self.listener(self.respond)
        self.url = f"http://127.0.0.1:{self._listener.server_address[1]}"
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.stop()

    def respond(self, request: Request) -> Response:
        """The response to a request; tests override it to inject faults."""
        return self.answer(request)

    def answer(self, request: Request) -> Response:
        """The Hub's normal answer."""
        is_api, kind, rest = _route(request.parts)
        is_cached = is_api and kind == "resolve-cache" and self.has_resolve_cache
        if is_cached:
            is_api, kind, rest = _route(_resolve_address(request.parts))
        if not kind or request.method not in ("GET", "HEAD"):
            return refusal(404, "", "not served here")
        if is_api and not rest:
            return self._list(request, kind)
        length = 1 if self.repositories.exists(kind, rest[0]) else 2
        repo_id, verb, rest = "/".join(rest[:length]), "".join(rest[length : length + 1]), rest[length + 1 :]
        if not self.repositories.exists(kind, repo_id):
            status = 404 if "authorization" in request.headers else 401
            return refusal(status, "RepoNotFound", f"{repo_id}: no such repository, or it needs a token")
        api = self.repositories.api(kind, repo_id)
        if moved_to := api.get("_moved_to"):
            location = request.target.replace(quote(repo_id), quote(moved_to), 1)
            return refusal(307, "", f"moved to {moved_to}", Location=location)
        if verb in ("resolve", "leaderboard") and api.get("gated") and "authorization" not in request.headers:
            return refusal(401, "GatedRepo", f"Access to {repo_id} is restricted: log in")
        if is_api and verb == "leaderboard":
            return self._leaderboard(request, api.get("leaderboard"))
        if is_api and verb == "commits" and rest == ["main"]:
            return self._commits(request, kind, repo_id)
        if verb not in (("", "revision", "tree") if is_api else ("resolve",)) or (verb and not rest):
            return refusal(404, "", "not served here")
        cursor_sha, _, offset = request.first("cursor").partition(":")
        revision = cursor_sha or (rest[0] if rest else "main")
        commit = self.repositories.at(kind, repo_id, revision)
        if commit is None:
            return refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if verb == "resolve":
            return self._file(request, commit, "/".join(rest[1:]), f"{kind}/{repo_id}", is_cached=is_cached)
        if why := questions.refused(request, "tree" if verb == "tree" else "info", kind):
            return refusal(400, "", why)
        if verb == "tree":
            return self._tree(request, commit, "/".join(rest[1:]), int(offset or 0))
        return as_json(
            _requested_fields(request, self._describe(kind, repo_id, commit, has_blobs=request.is_set("blobs")))
        )

    def _describe(self, kind: str, repo_id: str, commit: Commit, *, has_blobs: bool) -> dict[str, Any]:
        card = self.repositories.card(commit)
        siblings: list[dict[str, Any]] = [
            {"rfilename": path}
            | ({"blobId": file.oid, "size": file.size_bytes, **file.lfs("sha256")} if has_blobs else {})
            for path, file in commit.files.items()
        ]
        info: dict[str, Any] = {
            "_id": hashlib.sha1(f"{kind}/{repo_id}".encode()).hexdigest()[:24],
            "id": repo_id,
            "sha": commit.sha,
            **dict.fromkeys(("private", "gated", "disabled"), False),
            "tags": _tags(card or {}),
            "siblings": siblings,
        }
        if "/" in repo_id:
            info["author"] = repo_id.partition("/")[0]
        if card is not None:
            info["cardData"] = card
            info |= {key: card[key] for key in ("pipeline_tag", "library_name") if isinstance(card.get(key), str)}
        return info | commit.api

    def _leaderboard(self, request: Request, board: list[dict[str, Any]] | None) -> Response:
        """The leaderboard of a benchmark; models with a base model are included only if `base_model` is false."""
        if board is None:
            return refusal(404, "", "This dataset has no leaderboard")
        if why := questions.refused(request, "leaderboard", "datasets"):
            return refusal(400, "", why)
        is_whole = request.first("base_model").lower() in ("0", "false")
        return as_json([row for row in board if is_whole or not self._has_base(str(row.get("modelId")))])

    def _has_base(self, repo_id: str) -> bool:
        if not self.repositories.exists("models", repo_id):
            return False
        info = self._describe("models", repo_id, self.repositories.head("models", repo_id), has_blobs=False)
        has_tag = any(str(tag).startswith("base_model:") for tag in info["tags"])
        return has_tag or bool((info.get("cardData") or {}).get("base_model"))

    def _list(self, request: Request, kind: str) -> Response:
        if why := questions.refused(request, "list", kind):
            return refusal(400, "", why)
        by_author = self.repositories.ids(kind, request.first("author"))
        words = [word.lower() for word in request.query.get("search", [])]
        ids = [repo_id for repo_id in by_author if all(word in repo_id.lower() for word in words)]
        fields = {repo_id: self.repositories.api(kind, repo_id) for repo_id in ids}
        ids = [repo_id for repo_id in ids if "_moved_to" not in fields[repo_id]]
        tags = {*request.query.get("filter", [])}
        ids = [repo_id for repo_id in ids if tags <= {*fields[repo_id].get("tags", [])}]
        if key := request.first("sort"):
            ids.sort(key=lambda repo_id: str(fields[repo_id].get(key, "")), reverse=True)
        start = int(request.first("cursor").rpartition(":")[2] or 0)
        stop = start + min(int(request.first("limit") or PAGE_ROWS), PAGE_ROWS)
        rows = [
            _requested_fields(
                request, self._describe(kind, repo_id, self.repositories.head(kind, repo_id), has_blobs=False)
            )
            for repo_id in ids[start:stop]
        ]
        return as_json(rows, self._link(request, f":{stop}") if stop < len(ids) else {})

    def _commits(self, request: Request, kind: str, repo_id: str) -> Response:
        if why := questions.refused(request, "commits", kind):
            return refusal(400, "", why)
        start = int(request.first("cursor").rpartition(":")[2] or 0)
        commits = self.repositories.commits(kind, repo_id)
        rows = [
            {
                "id": commit.sha,
                "title": "Upload files",
                "message": "",
                "authors": [{"user": "sample"}],
                "date": f"{datetime.fromtimestamp(commit.date_ns / 1e9, UTC):%Y-%m-%dT%H:%M:%S}.000Z",
            }
            for commit in commits[start : start + COMMIT_ROWS]
        ]
        stop = start + COMMIT_ROWS
        return as_json(rows, self._link(request, f":{stop}") if stop < len(commits) else {})

    def _tree(self, request: Request, commit: Commit, folder: str, start: int) -> Response:
        items = _tree_items(commit, folder, is_recursive=request.is_set("recursive"))
        if folder and not items:
            return refusal(404, "EntryNotFound", f"{folder} does not exist at {commit.sha}")
        stop = start + PAGE_ROWS
        link = self._link(request, f"{commit.sha}:{stop}") if stop < len(items) else {}
        return as_json(items[start:stop], {"X-Repo-Commit": commit.sha, **link})

    def _link(self, request: Request, cursor: str) -> dict[str, str]:
        query = urlencode({**request.query, "cursor": [cursor]}, doseq=True)
        return {"Link": f'<{self.url}{request.target.partition("?")[0]}?{query}>; rel="next"'}

    def _file(self, request: Request, commit: Commit, path: str, repository: str, *, is_cached: bool) -> Response:
        file = commit.files.get(path)
        content = self.repositories.content(file) if file else None
        if file is None or content is None:
            return refusal(404, "EntryNotFound", f"{path} does not exist at {commit.sha}")
        headers = {"X-Repo-Commit": commit.sha, "ETag": f'"{file.etag}"', "Accept-Ranges": "bytes"}
        if file.sha256:
            headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(file.size_bytes)}
        elif self.has_resolve_cache and not is_cached and file.size_bytes:
            # A small file takes two requests; only this first answer has the X-Linked headers.
            asked = quote(request.path, safe="")
            cached = f"/api/resolve-cache/{repository}/{commit.sha}/{quote(path)}?{asked}=&etag=%22{file.oid}%22"
            headers |= {"X-Linked-Etag": f'"{file.oid}"', "X-Linked-Size": str(file.size_bytes), "Location": cached}
            return Response(307, headers, f"Temporary Redirect. Redirecting to {cached}".encode())
        if part := re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", "")):
            start, stop = int(part[1]), min(int(part[2] or len(content)) + 1, len(content))
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}" if start < stop else f"bytes */{stop}"
            return Response(206 if start < stop else 416, headers, content[start:stop])
        return Response(200, headers, content)


def _route(parts: list[str]) -> tuple[bool, str, list[str]]:
    """Whether an address belongs to the API, its kind of repository (empty if it has none), and the remaining parts."""
    if parts[0] == "api":
        return (True, parts[1], parts[2:]) if parts[1:] and parts[1] in (*KINDS, "resolve-cache") else (True, "", [])
    return (False, parts[0], parts[1:]) if parts[0] in KINDS[1:] else (False, "models", parts)


def _resolve_address(parts: list[str]) -> list[str]:
    """The usual address of the file behind `api/resolve-cache/<kind>/<repository>/<commit>/<path>`."""
    kind, rest = parts[2] if parts[2:] else "", parts[3:]
    length = next((n for n, part in enumerate(rest) if re.fullmatch(r"[0-9a-f]{40}", part)), len(rest))
    return [*([] if kind == "models" else [kind]), *rest[:length], "resolve", *rest[length:]]


def _tree_items(commit: Commit, folder: str, *, is_recursive: bool) -> list[dict[str, Any]]:
    prefix = f"{folder}/" if folder else ""
    items: dict[str, dict[str, Any]] = {}
    for path, file in commit.files.items():
        if not path.startswith(prefix):
            continue
        names = path.removeprefix(prefix).split("/")
        for depth in range(1, len(names) if is_recursive else min(len(names), 2)):
            parent = prefix + "/".join(names[:depth])
            oid = hashlib.sha1(f"{commit.sha}/{parent}".encode()).hexdigest()
            items.setdefault(parent, {"type": "directory", "oid": oid, "size": 0, "path": parent})
        if is_recursive or len(names) == 1:
            items[path] = {"type": "file", "oid": file.oid, "size": file.size_bytes, "path": path, **file.lfs("oid")}
    return list(items.values())


def _tags(card: dict[str, Any]) -> list[str]:
    tags: list[str] = []
    for key, prefix in {"license": "license:", "language": "", "base_model": "base_model:", "tags": ""}.items():
        values = card.get(key) or []
        tags += [f"{prefix}{value}" for value in (values if isinstance(values, list) else [values])]
    return tags


def _requested_fields(request: Request, info: dict[str, Any]) -> dict[str, Any]:
    """The fields named by `expand`; without `expand` all fields except those that the Hub returns only on request."""
    wanted = {"_id", "id", *request.query.get("expand", []), *request.query.get("expand[]", [])}
    return {key: info[key] for key in info if (key in wanted if len(wanted) > 2 else key != "evalResults")}
