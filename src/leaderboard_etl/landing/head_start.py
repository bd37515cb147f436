"""Another raw store that is read before the Hub is asked: files landed there need no request, and their hash identifies
them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from leaderboard_etl.errors import EtlError, HubError, UsageError, WarehouseError
from leaderboard_etl.hub.answers import NoHubError, RepoFile
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.raw.pack import PATTERN, Pack
from leaderboard_etl.raw.store import STORE_NAME, BlobStore
from leaderboard_etl.termination import scratch_folder

# The folder that holds the packs in a published dataset and the store in a warehouse.
FOLDER = "raw"
_PUBLISHED = re.compile(rf"{FOLDER}/pack-\d{{4}}\.sqlite")
_DATASET = re.compile(r"hf://datasets/(?P<repo_id>[\w.-]+/[\w.-]+)/?")


class HeadStart:
    """The files of another warehouse, of a folder of packs, or of packs in a dataset on the Hub; open until `close`.

    A dataset is opened when the first file is needed, so a night without news costs nothing. Files that are missing
    there come from the Hub as usual. If it cannot be read, `say` is called once with the reason.
    """

    def __init__(self, where: str, hub: Hub, scratch: Path, say: Callable[[str], None]) -> None:
        """`where` is a folder or hf://datasets/ORG/NAME. Packs from the Hub are stored in a temporary folder in
        `scratch`.

        Raises UsageError if `where` is neither, or a folder without raw files.
        """
        self.where = where
        self._hub, self._scratch, self._say = hub, scratch, say
        self._open = ExitStack()
        self._lock = threading.Lock()
        self._stores: list[BlobStore | Pack] | None = None
        dataset = _DATASET.fullmatch(where)
        self._repo_id = dataset["repo_id"] if dataset else None
        if self._repo_id is None and not _paths(Path(where)):
            raise UsageError(
                f"--raw-from {where!r} has no raw files: give a warehouse, a folder of packs, or hf://datasets/ORG/NAME"
            )

    def read(self, blob_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yields (blob id, bytes) for the given ids that exist here, each verified by its hash. Raises NoHubError."""
        wanted = set(blob_ids)
        try:
            for store in self._opened_once() if wanted else ():
                for blob_id, content in store.read(sorted(wanted)):
                    wanted.discard(blob_id)
                    yield blob_id, content
        except NoHubError:
            raise
        except EtlError as error:
            self._give_up(error)

    def get(self, blob_id: str) -> bytes | None:
        """The bytes of one blob, verified by its hash; null if it is not here. Raises NoHubError.

        Do not call it on the Hub's event loop, because it may wait for that loop.
        """
        with self._lock:
            try:
                return next(
                    (content for store in self._opened_once() if (content := store.find(blob_id)) is not None), None
                )
            except NoHubError:
                raise
            except EtlError as error:
                self._give_up(error)
                return None

    def close(self) -> None:
        self._open.close()

    def _give_up(self, error: EtlError) -> None:
        self._stores = []
        self._say(f"--raw-from {self.where}: {error}; the Hub was asked for the rest")

    def _opened_once(self) -> list[BlobStore | Pack]:
        if self._stores is None:
            self._stores = [self._opened(path) for path in self._store_paths()]
        return self._stores

    def _opened(self, path: Path) -> BlobStore | Pack:
        store = BlobStore(path.parent, read_only=True) if path.name == STORE_NAME else Pack(path)
        self._open.callback(store.close)
        return store

    def _store_paths(self) -> list[Path]:
        if self._repo_id is None:
            return _paths(Path(self.where))
        folder = self._open.enter_context(scratch_folder(self._scratch, prefix="raw-from-"))
        revision = self._hub.head("dataset", self._repo_id)
        packs = [file for file in self._hub.tree("dataset", self._repo_id, revision) if _PUBLISHED.fullmatch(file.path)]

        def land(file: RepoFile, content: bytes) -> None:
            (folder / Path(file.path).name).write_bytes(content)

        refused = self._hub.fetch("dataset", self._repo_id, revision, packs, land)
        if refused:
            raise HubError(f"{refused[0][0].path} did not arrive ({refused[0][1]})")
        if not packs:
            raise WarehouseError("the dataset has no pack")
        return _paths(folder)


def _paths(folder: Path) -> list[Path]:
    """The packs and stores of a folder or of its raw/. Packs come first, because they are read block by block."""
    folders = (folder, folder / FOLDER)
    packs = [path for each in folders for path in sorted(each.glob(PATTERN))]
    return packs + [each / STORE_NAME for each in folders if (each / STORE_NAME).exists()]
