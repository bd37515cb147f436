"""Our own raw store at a URL, for a machine that keeps nothing: `--raw s3://BUCKET/FOLDER`, or any other URL that fsspec knows.

    ledger/00000042.jsonl      one line of the ledger, created only if it is not there yet
    notes/NAME.zst             what one delivery brought: its packs with their blob ids, and the lists of changes whole
    packs/NAME.sqlite          bytes (raw/pack.py), named by their hash and never changed
    leaderboard.duckdb         the published file, and published.json, which says which one it is
    writer.json                who writes at present

The folder raw/ of the warehouse mirrors it: lines and lists of changes at the start of a run, other bytes when they are asked
for. What a run adds becomes durable in the order of leaderboard_etl.durable: packs and note, then the ledger's line, there
before here, then the published file. The line commits: its object can be created once, so of two writers one fails
and has changed nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import zstandard

from leaderboard_etl.durable import durable, sync
from leaderboard_etl.errors import EtlError, UsageError, WarehouseError, first_line
from leaderboard_etl.raw.pack import Pack, packs_of
from leaderboard_etl.termination import scratch_folder

# Small enough to be brought for a few files of it.
_PACK_BYTES = 32 << 20
_LOCKED_FOR = timedelta(minutes=10)
_RENEWED_EVERY_S = 120
_DATABASE, _PUBLISHED, _WRITER = "leaderboard.duckdb", "published.json", "writer.json"


class _Note(msgspec.Struct):
    """What one delivery brought: the blob ids of each pack, and the lists of changes by id."""

    packs: dict[str, list[str]]
    lists: dict[str, bytes]


class Elsewhere:
    """The store at one URL.

    `held` names the pack of each blob that is there.
    """

    def __init__(self, url: str, scratch: Path) -> None:
        """`scratch` is a folder for packs on their way. Raises UsageError if the URL names no filesystem that is installed."""
        self.url, self._scratch = url, scratch
        if "://" not in url:
            raise UsageError(f"--raw {url!r} is not a URL: give s3://BUCKET/FOLDER, or another that fsspec knows")
        try:
            import fsspec

            self._files, root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"--raw {url!r} cannot be used ({first_line(error)}): give a URL that fsspec knows; s3:// needs"
                " pip install 'leaderboard-etl[s3]'"
            ) from error
        self._root = root.rstrip("/")
        if "file" in self._files.protocol:  # object stores have no folders to make
            with self._errors():
                for folder in ("ledger", "notes", "packs"):
                    self._files.makedirs(self._path(folder), exist_ok=True)
        self.held: dict[str, str | None] = {}  # null: a list of changes, which came with its note
        self._lists: dict[str, bytes] = {}

    def read_notes(self) -> None:
        """Learns what is there. Raises WarehouseError if the store does not answer."""
        with self._errors():
            for content in self._all("notes").values():
                self._learn(msgspec.msgpack.decode(zstandard.decompress(content), type=_Note))

    def lists(self, blob_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Those of the given blobs that are lists of changes, which came with the notes."""
        return ((blob_id, self._lists[blob_id]) for blob_id in blob_ids if blob_id in self._lists)

    def read(self, blob_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yields (blob id, bytes) of the given ids that are there, and of all others in the same packs, each verified.

        Raises WarehouseError if the store does not answer.
        """
        wanted = list(blob_ids)
        yield from self.lists(wanted)
        by_pack = sorted({name for blob_id in wanted if (name := self.held.get(blob_id)) is not None})
        for name in by_pack:
            with scratch_folder(self._scratch, prefix="raw-") as folder:
                with self._errors():
                    (folder / name).write_bytes(self._files.cat_file(self._path("packs", name)))
                with closing(Pack(folder / name)) as pack:
                    yield from pack.read(blob_id for blob_id, where in self.held.items() if where == name)

    def n_lines(self) -> int:
        """The number of the ledger's last line there; 0 if there is none."""
        with self._errors():
            return max(map(_number_of, self._names("ledger")), default=0)

    def line(self, number: int) -> bytes | None:
        """One line, numbered from 1; null if it is not there."""
        with self._errors(), suppress(FileNotFoundError):
            content: bytes = self._files.cat_file(self._path("ledger", _line_name(number)))
            return content
        return None

    def lines(self, after: int) -> list[bytes]:
        """The ledger's lines after the first `after`. Raises WarehouseError if one is missing."""
        with self._errors():
            found = self._all("ledger", lambda name: _number_of(name) > after)
        if sorted(found) != [_line_name(after + number) for number in range(1, len(found) + 1)]:
            raise WarehouseError(f"{self.url} lacks lines of the ledger: restore ledger/ from a copy")
        return [found[name] for name in sorted(found)]

    def deliver(self, blobs: Iterator[tuple[str, bytes]], lists: dict[str, bytes]) -> None:
        """Puts new bytes there in packs, and after them the note that makes them known. Raises WarehouseError."""
        with scratch_folder(self._scratch, prefix="raw-") as folder:
            packs: dict[str, list[str]] = {}
            for path, blob_ids in packs_of(blobs, folder, most_bytes=_PACK_BYTES):
                content = path.read_bytes()
                path.unlink()
                name = f"{hashlib.sha256(content).hexdigest()[:16]}.sqlite"
                with self._errors(), durable("packs elsewhere"):
                    self._files.pipe_file(self._path("packs", name), content)
                packs[name] = blob_ids
        if packs or lists:
            note = _Note(packs, lists)
            content = zstandard.compress(msgspec.msgpack.encode(note))
            name = f"{hashlib.sha256(content).hexdigest()[:16]}.zst"
            with self._errors(), durable("packs elsewhere"):
                self._files.pipe_file(self._path("notes", name), content)
            self._learn(note)

    def commit(self, line: bytes) -> None:
        """Puts the ledger's next line there. Raises WarehouseError if somebody else has put one in its place, or the store
        does not take it; then nothing has changed."""
        number = _number(line)
        path = self._path("ledger", _line_name(number))
        with self._errors(), durable("line elsewhere"):
            try:
                self._files.pipe_file(path, line, mode="create")
            except FileExistsError as error:
                # Of a request that was sent again after its answer was lost, the first one may have done it.
                if self._files.cat_file(path) != line:
                    raise WarehouseError(
                        f"another run has put load {number} into {self.url} meanwhile: this one is not recorded; run again"
                    ) from error

    def put_database(self, path: Path) -> None:
        """Puts the published file there unless it is there already. Raises WarehouseError."""
        if not path.exists():
            return
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        with self._errors():
            with suppress(FileNotFoundError, ValueError, TypeError):
                if json.loads(self._files.cat_file(self._path(_PUBLISHED)))["sha256"] == sha256:
                    return
            with durable("database elsewhere"):
                self._files.put_file(str(path), self._path(_DATABASE))
            with durable("database elsewhere"):
                self._files.pipe_file(self._path(_PUBLISHED), json.dumps({"sha256": sha256}).encode())

    def get_database(self, path: Path) -> None:
        """Brings the published file, if there is one there and none here. Raises WarehouseError."""
        if path.exists():
            return
        aside = path.with_name(f"{path.name}.brought")
        with self._errors(), suppress(FileNotFoundError):
            self._files.get_file(self._path(_DATABASE), str(aside))
            aside.chmod(0o444)
            with durable("published file"):
                aside.replace(path)
                sync(path.parent)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Within the block writer.json names this run; it counts for ten minutes and is renewed every two. Raises
        WarehouseError if it names another run.

        This spares two runs from doing the same work. That only one of them is recorded is `commit`'s doing.
        """
        mine = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        ended = threading.Event()
        with self._errors():
            self._lock(mine)

        def renew() -> None:
            while not ended.wait(_RENEWED_EVERY_S):
                with suppress(Exception):  # the ledger's line will tell
                    self._files.pipe_file(self._path(_WRITER), _claim(mine))

        renewing = threading.Thread(target=renew, daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            self._unlock(mine)

    def _lock(self, mine: str) -> None:
        path = self._path(_WRITER)
        try:
            self._files.pipe_file(path, _claim(mine), mode="create")
            return
        except FileExistsError:
            other = self._claimed()
        with suppress(KeyError, ValueError, TypeError):
            if datetime.fromisoformat(other["until"]) > _now():
                raise WarehouseError(
                    f"another run ({other['owner']}) writes to {self.url}: wait until it ends; if it was killed, its claim"
                    f" runs out at {other['until']}"
                )
        self._files.pipe_file(path, _claim(mine))

    def _unlock(self, mine: str) -> None:
        with suppress(Exception):  # it runs out by itself
            if self._claimed().get("owner") == mine:
                self._files.rm_file(self._path(_WRITER))

    def _claimed(self) -> dict[str, Any]:
        with suppress(FileNotFoundError, ValueError):
            claim = json.loads(self._files.cat_file(self._path(_WRITER)))
            return claim if isinstance(claim, dict) else {}
        return {}

    def _learn(self, note: _Note) -> None:
        self._lists |= note.lists
        self.held |= dict.fromkeys(note.lists)
        self.held |= {blob_id: name for name, blob_ids in note.packs.items() for blob_id in blob_ids}

    def _names(self, folder: str) -> list[str]:
        self._files.invalidate_cache()
        try:
            return [str(path).rpartition("/")[2] for path in self._files.ls(self._path(folder), detail=False)]
        except FileNotFoundError:
            return []

    def _all(self, folder: str, wants: Callable[[str], bool] = lambda name: True) -> dict[str, bytes]:
        """The objects of a folder by name, fetched side by side."""
        paths = {self._path(folder, name): name for name in self._names(folder) if wants(name)}
        contents = self._files.cat(list(paths)) if paths else {}
        return {path.rpartition("/")[2]: content for path, content in contents.items()}

    def _path(self, *names: str) -> str:
        return "/".join([self._root, *names])

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Within the block every error of a store is one of ours, in one line."""
        try:
            yield
        except EtlError:
            raise
        except Exception as error:
            raise WarehouseError(
                f"the raw store at {self.url} failed ({type(error).__name__}: {first_line(error)}): nothing that is published"
                " was changed; check its address and rights, and run again"
            ) from error


def _now() -> datetime:
    return datetime.now(UTC)


def _claim(owner: str) -> bytes:
    until = _now() + _LOCKED_FOR
    return json.dumps({"owner": owner, "until": until.isoformat(timespec="seconds")}).encode()


def _line_name(number: int) -> str:
    return f"{number:08}.jsonl"


def _number_of(name: str) -> int:
    return int(name.partition(".")[0])


def _number(line: bytes) -> int:
    return int(json.loads(line)["load_id"])
