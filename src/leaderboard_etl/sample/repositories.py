"""Reads a folder as Hub repositories: which repositories exist, their files with the Hub's blob ids, and their
commits."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = ("models", "datasets", "spaces")
_LFS_SUFFIXES = (".parquet", ".safetensors", ".bin")
_REMEMBERED_BYTES = 256_000_000
_RACY_NS = 100_000_000  # a file changed twice within one clock tick keeps its date, so only older dates are trusted
_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*")
_BLOCK = re.compile(r"^\s*---\r?\n(.*?)\r?\n---\s*(?:\r?\n|$)", re.DOTALL)


@dataclass(frozen=True)
class File:
    """One file version. `oid` is its git blob id (for an LFS file that of the pointer); `sha256` is the hash of an LFS
    file's content."""

    disk: Path
    stamp: tuple[int, int, int]
    is_settled: bool
    size_bytes: int
    oid: str
    sha256: str  # empty: a plain git blob
    pointer_bytes: int

    @property
    def etag(self) -> str:
        return self.sha256 or self.oid

    def lfs(self, key: str) -> dict[str, Any]:
        """The `lfs` member of an API answer; trees call the content's hash `oid`, siblings `sha256`."""
        if not self.sha256:
            return {}
        return {"lfs": {key: self.sha256, "size": self.size_bytes, "pointerSize": self.pointer_bytes}}


@dataclass(frozen=True)
class Commit:
    """A repository's files and its `_api` fields at one moment; `sha` depends only on them and the repository's
    name."""

    sha: str
    files: dict[str, File]
    api: dict[str, Any]

    @property
    def date_ns(self) -> int:
        """When the newest file was written, in nanoseconds since 1970."""
        return max((file.stamp[0] for file in self.files.values()), default=0)


class Repositories:
    """All repositories under `root`, and those in `others` (folders by `datasets/org/name`) that `root` lacks.

    Known commits keep their small files in memory, so they still answer after a change on disk.
    """

    def __init__(self, root: Path, others: Mapping[str, Path] | None = None) -> None:
        self.root = root
        self._others = dict(others or {})
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], dict[str, Commit]] = {}
        self._heads: dict[tuple[str, str], Commit] = {}
        self._contents: dict[str, bytes] = {}
        self._remembered_bytes = 0

    def exists(self, kind: str, repo_id: str) -> bool:
        """Whether there is a folder `<org>/<name>`, a folder `<name>` that itself holds a card or config, or an `_api`
        file."""
        names = repo_id.split("/")
        if not all(_NAME.fullmatch(name) for name in names):
            return False
        folder = self._folder(kind, repo_id)
        if self._api_file(kind, repo_id).is_file():
            return True
        if len(names) == 1:
            return (folder / "README.md").is_file() or (folder / "config.json").is_file()
        return len(names) == 2 and folder.is_dir() and not self.exists(kind, names[0])

    def ids(self, kind: str, author: str = "") -> list[str]:
        """All repositories of a kind, or only those of `author`; sorted."""
        if author and not _NAME.fullmatch(author):
            return []
        patterns = [f"{author}/*"] if author else ["*", "*/*"]
        files, fields = self.root / kind, self.root / "_api" / kind
        repo_ids = {path.relative_to(files).as_posix() for pattern in patterns for path in files.glob(pattern)}
        repo_ids |= {name.removeprefix(f"{kind}/") for name in self._others if name.startswith(f"{kind}/{author}")}
        repo_ids |= {path.relative_to(fields).as_posix()[:-5] for p in patterns for path in fields.glob(f"{p}.json")}
        return sorted(repo_id for repo_id in repo_ids if self.exists(kind, repo_id))

    def api(self, kind: str, repo_id: str) -> dict[str, Any]:
        """The `_api` fields of a repository; empty if there are none."""
        file = self._api_file(kind, repo_id)
        value = json.loads(file.read_bytes()) if file.is_file() else {}
        if not isinstance(value, dict):
            raise ValueError(f"{file} must hold a JSON object")
        return value

    def head(self, kind: str, repo_id: str) -> Commit:
        """The commit of the folder's current content."""
        key = (kind, repo_id)
        with self._lock:
            before = self._heads[key].files if key in self._heads else {}
            files: dict[str, File] = {}
            top = self._folder(kind, repo_id)
            for folder, _, names in os.walk(top):
                for disk in (Path(folder) / name for name in names):
                    path = disk.relative_to(top).as_posix()
                    try:
                        files[path] = self._index(disk, before.get(path))
                    except FileNotFoundError:
                        continue  # removed while the folder was being read
            files = dict(sorted(files.items()))
            api = self.api(kind, repo_id)
            state = [f"{kind}/{repo_id}", [(path, file.oid) for path, file in files.items()], api]
            sha = hashlib.sha1(json.dumps(state, sort_keys=True).encode()).hexdigest()
            self._heads[key] = Commit(sha, files, api)
            self._seen.setdefault(key, {})[sha] = self._heads[key]
            return self._heads[key]

    def commits(self, kind: str, repo_id: str) -> list[Commit]:
        """The commits seen so far, newest first."""
        self.head(kind, repo_id)
        return sorted(self._seen[kind, repo_id].values(), key=lambda commit: commit.date_ns, reverse=True)

    def at(self, kind: str, repo_id: str, revision: str) -> Commit | None:
        """The commit of a branch or commit id; None if it does not exist. A known commit id does not read the
        folder."""
        commit = self._seen.get((kind, repo_id), {}).get(revision) or self.head(kind, repo_id)
        return commit if revision in ("main", "refs/heads/main", commit.sha) else None

    def content(self, file: File) -> bytes | None:
        """The bytes of a file version; None if it was overwritten and was too large for memory."""
        if file.oid in self._contents:
            return self._contents[file.oid]
        try:
            return file.disk.read_bytes() if _stamp(file.disk) == file.stamp else None
        except FileNotFoundError:
            return None

    def card(self, commit: Commit) -> dict[str, Any] | None:
        """The front matter of README.md; None if there is none or it is not a YAML mapping."""
        import yaml

        content = self.content(commit.files["README.md"]) if "README.md" in commit.files else None
        block = _BLOCK.match((content or b"").decode("utf-8-sig", "replace"))
        try:
            card = yaml.safe_load(block.group(1)) if block else None
        except yaml.YAMLError:
            return None
        return json.loads(json.dumps(card, default=str)) if isinstance(card, dict) else None

    def _folder(self, kind: str, repo_id: str) -> Path:
        own = self.root / kind / repo_id
        return own if own.is_dir() else self._others.get(f"{kind}/{repo_id}", own)

    def _api_file(self, kind: str, repo_id: str) -> Path:
        return self.root / "_api" / kind / f"{repo_id}.json"

    def _index(self, disk: Path, before: File | None) -> File:
        stamp = _stamp(disk)
        if before and before.is_settled and before.stamp == stamp:
            return before
        content = disk.read_bytes()
        blob, sha256, pointer_bytes = content, "", 0
        if disk.suffix in _LFS_SUFFIXES:
            sha256 = hashlib.sha256(content).hexdigest()
            blob = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(content)}\n".encode()
            pointer_bytes = len(blob)
        oid = hashlib.sha1(b"blob %d\0" % len(blob) + blob).hexdigest()
        if oid not in self._contents and self._remembered_bytes + len(content) <= _REMEMBERED_BYTES:
            self._contents[oid] = content
            self._remembered_bytes += len(content)
        return File(disk, stamp, time.time_ns() - stamp[0] > _RACY_NS, len(content), oid, sha256, pointer_bytes)


def _stamp(disk: Path) -> tuple[int, int, int]:
    stat = disk.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
