"""A blob in another raw store or a published pack is not requested from the Hub, and is accepted only by its hash."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from card_world import Pass
from faulty_hub import HubServer
from worlds import World

from leaderboard_etl import cli
from leaderboard_etl.errors import UsageError, WarehouseError
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.head_start import HeadStart
from leaderboard_etl.landing.repos import RepoSync, sync_repo
from leaderboard_etl.raw.blob_ids import git_blob_id
from leaderboard_etl.raw.ledger import Changes, FileVersion, Ledger, Load, SourceLoad, land_changes
from leaderboard_etl.raw.pack import Pack, write_packs
from leaderboard_etl.raw.store import BlobStore

pytestmark = pytest.mark.marts(False)

REPO = "open-llm-leaderboard-old/results"
NOW = "2025-01-01T03:00:00.000000Z"
N_FILES = 40


@pytest.fixture
def hub(server: HubServer) -> Iterator[Hub]:
    """A Hub with result files that differ in one number."""
    for number in range(N_FILES):
        file = server.repositories.root / f"datasets/{REPO}/org/model-{number}/results_1.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"results": {"task": {"acc": number}}, "config": {"text": "the same in all " * 50}}))
    hub = Hub(server.url)
    yield hub
    hub.close()


def fetched(hub: Hub, store: BlobStore, head_start: HeadStart | None = None) -> RepoSync:
    return sync_repo(
        hub,
        store,
        "dataset",
        REPO,
        wants=lambda path: path.endswith(".json"),
        in_ledger={},
        last_revision=None,
        now=NOW,
        head_start=head_start,
    )


@pytest.fixture
def landed(hub: Hub, tmp_path: Path) -> Path:
    """A warehouse folder with all files fetched from the Hub."""
    root = tmp_path / "landed"
    with BlobStore(root / "raw") as store:
        changes = fetched(hub, store).changes
        entry = SourceLoad("olb_v1_results", "loaded", changes_blob=land_changes(store, changes))
        store.flush()
        Ledger(root / "raw").append(
            Load(1, "nightly", "published", NOW, hub.endpoint, "test", [entry], finished_at=NOW)
        )
    return root


def downloads(server: HubServer, tmp_path: Path, place: str, hub: Hub, said: list[str]) -> list[str]:
    """The files that a new raw store requests from the Hub if it may look in `place` first; afterwards it has all of
    them."""
    server.requests.clear()
    head_start = HeadStart(place, hub, tmp_path, said.append)
    with BlobStore(tmp_path / "fresh") as store:
        changes = fetched(hub, store, head_start).changes
        assert len(changes.changed) == N_FILES
        assert not store.missing(file.blob_id for file in changes.changed)
    head_start.close()
    return [request.path for request in server.requests if "results_1.json" in request.path]


def packed(landed: Path, folder: Path) -> list[Path]:
    with BlobStore(landed / "raw", read_only=True) as store:
        return write_packs(store, Ledger(landed / "raw").loads, folder)


@pytest.mark.parametrize("kind", ["warehouse", "raw folder", "packs", "dataset"])
def test_files_of_another_store_are_not_requested_from_the_hub(
    hub: Hub, server: HubServer, landed: Path, tmp_path: Path, kind: str
) -> None:
    places = {"warehouse": landed, "raw folder": landed / "raw", "packs": tmp_path / "packs"}
    if kind == "packs":
        packed(landed, places[kind])
    if kind == "dataset":
        packed(landed, server.repositories.root / "datasets/org/snapshot/raw")
    said: list[str] = []
    place = "hf://datasets/org/snapshot" if kind == "dataset" else str(places[kind])
    assert downloads(server, tmp_path, place, hub, said) == []
    assert said == []
    assert not list(tmp_path.glob("raw-from-*"))


def test_bytes_with_a_wrong_hash_are_requested_from_the_hub(
    hub: Hub, server: HubServer, landed: Path, tmp_path: Path
) -> None:
    [path] = packed(landed, tmp_path / "packs")
    with sqlite3.connect(path) as db:
        db.execute(
            "update blobs set offset_bytes = offset_bytes + 1 where blob_id in (select blob_id from blobs limit 3)"
        )
    db.close()
    said: list[str] = []
    assert len(downloads(server, tmp_path, str(tmp_path / "packs"), hub, said)) == 3
    assert said == []


@pytest.mark.parametrize("damage", ["no pack", "cut off", "no dataset"])
def test_a_head_start_that_cannot_be_read_is_reported_and_the_night_continues(
    hub: Hub, server: HubServer, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "packs"
    folder.mkdir()
    (folder / "pack-0001.sqlite").write_bytes(b"<html>" if damage == "no pack" else b"SQLite format 3\0" + b"\0" * 80)
    place = "hf://datasets/org/absent" if damage == "no dataset" else str(folder)
    said: list[str] = []
    assert len(downloads(server, tmp_path, place, hub, said)) == N_FILES
    assert len(said) == 1 and place in said[0] and "the Hub was asked for the rest" in said[0] and "\n" not in said[0]


@pytest.mark.parametrize("place", ["nowhere", ".", "hf://models/org/name", "hf://datasets/name"])
def test_a_place_without_raw_files_is_wrong_usage(hub: Hub, tmp_path: Path, place: str) -> None:
    with pytest.raises(UsageError, match="hf://datasets/ORG/NAME"):
        HeadStart(place if place.startswith("hf:") else str(tmp_path / place), hub, tmp_path, print)


def test_packs_are_small_and_the_same_for_the_same_files(
    landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [once], [again] = packed(landed, tmp_path / "once"), packed(landed, tmp_path / "again")
    assert once.read_bytes() == again.read_bytes()
    with BlobStore(landed / "raw", read_only=True) as store, sqlite3.connect(once) as db:
        blob_ids = [row[0] for row in db.execute("select blob_id from blobs")]
        [[n_bytes]] = db.execute("select sum(length(zstd)) from blocks")
        whole = sum(len(content) for _, content in store.read(blob_ids))
    db.close()
    assert len(blob_ids) == N_FILES and n_bytes < whole / 20
    # Small blocks and small packs: more files with the same content.
    monkeypatch.setattr("leaderboard_etl.raw.pack._BLOCK_BYTES", 3_000)
    monkeypatch.setattr("leaderboard_etl.raw.pack._MOST_PACK_BYTES", 1)
    paths = packed(landed, tmp_path / "many")
    assert len(paths) > 2
    found = dict(pair for path in paths for pair in Pack(path).read(blob_ids))
    assert set(found) == set(blob_ids)


def test_a_folder_with_a_pack_is_not_overwritten(landed: Path, tmp_path: Path) -> None:
    packed(landed, tmp_path / "packs")
    with pytest.raises(WarehouseError, match="--out"):
        packed(landed, tmp_path / "packs")


def test_a_first_night_with_a_head_start_has_the_same_result_as_one_without(
    world: World, server: HubServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.options = {"card_budget": 0}
    world.night(1)
    out = tmp_path / "packs"
    assert cli.main(["raw", "pack", "--out", str(out), "-w", str(world.warehouse.root)]) == 0
    assert str(out) in capsys.readouterr().out
    believed = world.query("from core.scores order by all")
    other = World(world.root, world.hub, type(world.warehouse)(tmp_path / "other"), world.options)
    server.requests.clear()
    assert other.night(1, raw_from=str(out)).status == "published"
    assert not [request.path for request in server.requests if "/resolve" in request.path]
    assert other.query("from core.scores order by all") == believed


@pytest.fixture
def held(cards: Pass, tmp_path: Path) -> Iterator[Path]:
    """The raw folder of a warehouse with the cards of org/a and org/b; the Hub has a third model as well."""
    for name in ("org/a", "org/b", "org/new"):
        cards.put(name, f"---\nlicense: mit\n---\n# {name}\n" + "as in many cards " * 50)
    root = tmp_path / "held"
    with BlobStore(root / "raw") as store:
        files = []
        for name in ("org/a", "org/b"):
            card = (cards.root / "models" / name / "README.md").read_bytes()
            store.put(git_blob_id(card), card)
            files.append(FileVersion("model", name, "README.md", "f" * 40, git_blob_id(card), len(card), NOW))
        entry = SourceLoad("model_cards", "loaded", changes_blob=land_changes(store, Changes(files)))
        store.flush()
        Ledger(root / "raw").append(Load(1, "nightly", "published", NOW, "", "test", [entry], finished_at=NOW))
    yield root
    if cards.head_start is not None:
        cards.head_start.close()


@pytest.mark.parametrize("kind", ["warehouse", "packs", "dataset", "damaged packs"])
def test_a_card_in_another_store_takes_only_the_request_for_its_hash(
    cards: Pass, held: Path, tmp_path: Path, kind: str
) -> None:
    said: list[str] = []
    place = {"warehouse": str(held), "dataset": "hf://datasets/org/snapshot"}.get(kind, str(tmp_path / "packs"))
    if kind != "warehouse":
        [path] = packed(held, cards.root / "datasets/org/snapshot/raw" if kind == "dataset" else Path(place))
        if kind == "damaged packs":
            with sqlite3.connect(path) as db:
                db.execute("update blobs set offset_bytes = offset_bytes + 1")
            db.close()
    cards.run("org/new")  # the Hub has already answered
    cards.head_start = HeadStart(place, cards.hub, tmp_path, said.append)
    result = cards.run("org/a", "org/b", "org/new")
    cards_asked = [request.path for request in cards.server.requests if "README.md" in request.path]
    hops = sorted("resolve-cache" in path for path in cards_asked)
    assert hops == ([False, False, True, True] if kind == "damaged packs" else [False, False])
    landed = {file.repo_id: file.blob_id for file in result.changes.changed if file.path == "README.md"}
    for name in ("org/a", "org/b"):
        assert cards.store.get(landed[name]) == (cards.root / "models" / name / "README.md").read_bytes()
    assert said == []
