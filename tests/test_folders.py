"""Some folders of a large repository: only they are listed; a folder that is gone, empty or cannot be fetched stays as
it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from faulty_hub import HubServer, Request, Response

from leaderboard_etl.errors import SourceError
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.folders import FolderSync, sync_folders
from leaderboard_etl.raw.ledger import FileVersion, Place
from leaderboard_etl.raw.store import BlobStore

REPO = "org/store"


@dataclass
class Reader:
    """A raw store that reads the folders `wanted` of a served repository, night after night."""

    server: HubServer
    store: BlobStore
    wanted: tuple[str, ...] = ("a-board", "b-board")
    known: dict[Place, FileVersion] = field(default_factory=dict)
    last_revision: str | None = None

    def put(self, path: str, content: str = "{}") -> None:
        file = self.server.repositories.root / f"datasets/{REPO}/{path}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def remove(self, path: str) -> None:
        shutil.rmtree(self.server.repositories.root / f"datasets/{REPO}/{path}")

    def night(self) -> FolderSync:
        hub = Hub(self.server.url)
        self.server.requests.clear()
        sync = sync_folders(
            hub,
            self.store,
            "dataset",
            REPO,
            root="data",
            choose=lambda names: sorted(name for name in names if name.lower().replace("_", "-") in self.wanted),
            same_as=lambda name: name.lower().replace("_", "-"),
            wants=lambda path: path.endswith(".json"),
            in_ledger=self.known,
            last_revision=self.last_revision,
            now="2025-01-01T03:00:00Z",
        )
        hub.close()
        self.known.update({file.place: file for file in sync.changes.changed})
        for place in sync.changes.gone:
            del self.known[place]
        self.last_revision = None if sync.failures else sync.revision
        return sync

    @property
    def paths(self) -> list[str]:
        return sorted(path for _, _, path in self.known)


@pytest.fixture
def reader(server: HubServer, tmp_path: Path) -> Iterator[Reader]:
    with BlobStore(tmp_path / "raw") as store:
        reader = Reader(server, store)
        reader.put("data/a-board/org/model/1.json", "1")
        reader.put("data/b-board/org/model/2.json", "2")
        reader.put("data/others/org/model/3.json", "3")
        reader.put("flat/objects/4.json", "4")
        yield reader


def test_only_the_chosen_folders_are_listed_and_read(reader: Reader) -> None:
    sync = reader.night()
    assert reader.paths == ["data/a-board/org/model/1.json", "data/b-board/org/model/2.json"]
    assert sync.names == ["a-board", "b-board", "others"] and not sync.held and not sync.failures
    listed = [request.path for request in reader.server.requests if "/tree/" in request.path]
    assert [path.rpartition("/tree/")[2].partition("/")[2] for path in listed] == [
        "data",
        "data/a-board",
        "data/b-board",
    ]


def test_a_head_that_did_not_move_is_one_request(reader: Reader) -> None:
    reader.night()
    sync = reader.night()
    assert len(reader.server.requests) == 1 and not sync.changes and sync.names is None


def test_what_is_new_in_a_folder_is_one_more_request(reader: Reader) -> None:
    reader.night()
    reader.put("data/a-board/org/model/5.json", "5")
    sync = reader.night()
    assert [file.path for file in sync.changes.changed] == ["data/a-board/org/model/5.json"]
    assert sum("resolve" in request.path for request in reader.server.requests) == 1


def test_a_file_that_left_its_folder_is_gone(reader: Reader) -> None:
    reader.put("data/a-board/org/model/5.json", "5")
    reader.night()
    (reader.server.repositories.root / f"datasets/{REPO}/data/a-board/org/model/5.json").unlink()
    assert [place[2] for place in reader.night().changes.gone] == ["data/a-board/org/model/5.json"]


@pytest.mark.parametrize("left", ["nothing", "a readme"])
def test_a_folder_that_is_gone_or_empty_is_held_as_it_was(reader: Reader, left: str) -> None:
    reader.night()
    reader.remove("data/a-board")
    if left == "a readme":
        reader.put("data/a-board/README.md")
    sync = reader.night()
    assert sync.held == ["a-board"] and not sync.changes.gone
    assert "data/a-board/org/model/1.json" in reader.paths


def test_a_folder_in_another_spelling_replaces_the_first(reader: Reader) -> None:
    reader.night()
    reader.remove("data/a-board")
    reader.put("data/A_Board/org/model/1.json", "1")
    sync = reader.night()
    assert not sync.held
    assert reader.paths == ["data/A_Board/org/model/1.json", "data/b-board/org/model/2.json"]


def test_a_folder_that_is_no_longer_chosen_is_removed(reader: Reader) -> None:
    reader.night()
    reader.wanted = ("b-board",)
    reader.put("data/b-board/org/model/6.json", "6")
    sync = reader.night()
    assert not sync.held and [place[2] for place in sync.changes.gone] == ["data/a-board/org/model/1.json"]


def test_a_folder_that_cannot_be_fetched_stays_as_it_was_and_the_others_are_read(reader: Reader) -> None:
    reader.night()
    reader.put("data/a-board/org/model/1.json", "one")
    reader.put("data/b-board/org/model/2.json", "two")

    def damage(request: Request) -> Response | None:
        return Response(200, {}, b"bad") if "a-board" in request.path and "/tree/" not in request.path else None

    reader.server.intercept = damage
    sync = reader.night()
    assert [file.path for file in sync.changes.changed] == ["data/b-board/org/model/2.json"]
    assert "a-board" in sync.failures[0] and not sync.held and not sync.changes.gone
    reader.server.intercept = None
    assert [file.path for file in reader.night().changes.changed] == ["data/a-board/org/model/1.json"]


@pytest.mark.parametrize("left", ["others", "flat"])
def test_a_repository_without_a_wanted_folder_is_an_error_and_changes_nothing(reader: Reader, left: str) -> None:
    reader.night()
    known = dict(reader.known)
    for name in ("data/a-board", "data/b-board", *(["data/others"] if left == "flat" else [])):
        reader.remove(name)
    with pytest.raises(SourceError, match="none of the folders in data/"):
        reader.night()
    assert reader.known == known
