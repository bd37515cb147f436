"""The snapshot on the Hub: one configuration per table, one commit per change, and a card that describes it; its explorer as a
Space."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml
from faulty_hub import HubServer
from worlds import World, small_world
from writing import READER, WRITER, WritableHub

from leaderboard_etl.cli import main
from leaderboard_etl.errors import UsageError
from leaderboard_etl.export import figures
from leaderboard_etl.export.explorer import SITE, is_of_explorer
from leaderboard_etl.export.publish import genuine_snapshot, publish_explorer, publish_snapshot
from leaderboard_etl.export.snapshot import make_snapshot
from leaderboard_etl.export.tables import EXPORTS
from leaderboard_etl.raw.blob_ids import git_blob_id
from leaderboard_etl.raw.ledger import Changes, FileVersion, Ledger, Load, SourceLoad, land_changes
from leaderboard_etl.raw.pack import Pack
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse

REPO = "author/snapshot"
READ_BACK = """
import json, sys
from datasets import get_dataset_config_names, load_dataset
import polars as pl
repo = sys.argv[1]
for name in get_dataset_config_names(repo):
    table = load_dataset(repo, name, split="train")
    table.to_polars().write_parquet(f"{name}.parquet")
"""


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A warehouse that was not filled from the sample."""
    folder = tmp_path_factory.mktemp("genuine")
    (folder / "hub").mkdir()
    with HubServer(folder / "hub") as server:
        world = small_world(folder, server.url)
        world.endpoint = server.url
        world.night(1)
    return world


@pytest.fixture(scope="module")
def snapshot(genuine: World) -> dict[str, bytes]:
    """Its files without pictures, to be published."""
    return genuine_snapshot(genuine.warehouse, None, with_pictures=False)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[WritableHub]:
    root = tmp_path / "target"
    root.mkdir()
    writable = WritableHub(root)
    with HubServer(root, intercept=writable) as server:
        writable.server = server
        yield writable


@pytest.fixture(autouse=True)
def writer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A token that may write, instead of the user's own."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
    monkeypatch.setenv("HF_TOKEN", WRITER)


def published(hub: WritableHub, name: str) -> bytes:
    return (hub.root / "datasets" / REPO / name).read_bytes()


def card(hub: WritableHub) -> tuple[dict[str, object], str]:
    _, block, body = published(hub, "README.md").decode().split("---\n", 2)
    return yaml.safe_load(block), body


@pytest.mark.pictures
def test_a_second_time_changes_nothing(genuine: World, hub: WritableHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "_CHARTS", figures._CHARTS[:1])  # which stands for all: to draw them takes longest
    snapshot = genuine_snapshot(genuine.warehouse, None)
    assert {f"figures/model_scaling.{kind}" for kind in ("svg", "png", "pdf")} < snapshot.keys()
    first = publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url)
    assert first.commit is not None and first.note is None
    assert hub.tags == {"as-of-2025-01-01": first.commit}
    assert "build.json" in hub.commits[0]
    second = publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url)
    assert (second.commit, second.note, len(hub.commits)) == (None, None, 1)


def test_only_what_changed_is_committed_and_what_is_gone_is_removed(
    genuine: World, snapshot: dict[str, bytes], hub: WritableHub
) -> None:
    publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url)
    folder = hub.root / "datasets" / REPO
    manifest = json.loads(published(hub, "manifest.json"))
    manifest["files"]["older.csv"] = {"sha256": "0" * 64, "bytes": 1}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "older.csv").write_text("a table of an earlier version\n")
    (folder / "NOTES.txt").write_text("somebody's own\n")
    publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url)
    assert hub.commits[1] == ["build.json", "manifest.json", "older.csv"]
    assert (folder / "NOTES.txt").exists() and not (folder / "older.csv").exists()


def test_an_existing_tag_is_not_moved(genuine: World, snapshot: dict[str, bytes], hub: WritableHub) -> None:
    first = publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url)
    (hub.root / "datasets" / REPO / "claims.json").write_text("[]\n")
    (hub.root / "datasets" / REPO / "NOTES.txt").write_text("somebody's own\n")
    second = publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url)
    assert second.commit != first.commit
    assert second.note is not None and "the tag as-of-2025-01-01 stays at commit" in second.note
    assert (first.tag, second.tag) == ("as-of-2025-01-01", None)
    assert hub.tags == {"as-of-2025-01-01": first.commit}


def test_datasets_reads_every_table_back_unchanged(
    genuine: World, snapshot: dict[str, bytes], hub: WritableHub, tmp_path: Path
) -> None:
    publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url)
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    subprocess.run(
        [sys.executable, "-c", READ_BACK, REPO], env=environment, cwd=tmp_path, check=True, capture_output=True
    )
    for export in EXPORTS:
        there = pl.read_parquet(tmp_path / f"{export.stem}.parquet")
        here = pl.read_parquet(published(hub, export.parquet_name))
        assert there.equals(here) and there.schema == here.schema


def test_the_card_names_configurations_columns_sources_and_the_day(
    genuine: World, snapshot: dict[str, bytes], hub: WritableHub
) -> None:
    publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url)
    data, body = card(hub)
    configs = data["configs"]
    assert isinstance(configs, list)
    assert [config["config_name"] for config in configs] == [export.stem for export in EXPORTS]
    assert [config["config_name"] for config in configs if config.get("default")] == ["model_scaling"]
    tags = data["tags"]
    assert isinstance(tags, list) and "as-of-2025-01-01" in tags
    for export in EXPORTS:
        for column in export.describe()[1]:
            assert f"| {column.name} |" in body
    manifest = json.loads(published(hub, "manifest.json"))
    assert all(row["source_url"] in body and row["license"] in body for row in manifest["citations"])
    assert all(source["revision"] in body for source in manifest["sources"].values() if source["revision"])
    assert f"@misc{{leaderboard_etl_2025_01_01,\n  author = {{{{{REPO.split('/')[0]}}}}},\n" in body


def test_a_sample_is_not_published(published: World, hub: WritableHub) -> None:
    with pytest.raises(UsageError, match="holds the bundled sample"):
        publish_snapshot(genuine_snapshot(published.warehouse, None), published.warehouse, REPO, hub.url)
    assert hub.commits == []


def test_a_repository_with_other_content_is_not_changed(
    genuine: World, snapshot: dict[str, bytes], hub: WritableHub
) -> None:
    folder = hub.root / "datasets" / REPO
    folder.mkdir(parents=True)
    (folder / "thesis.csv").write_text("years of work")
    for manifest in (None, "[]", '{"tool": "another"}'):
        if manifest is not None:
            (folder / "manifest.json").write_text(manifest)
        with pytest.raises(UsageError, match="not a snapshot of ours"):
            publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url)
    assert hub.commits == []


def test_a_hub_without_tags_is_reported_in_a_note(genuine: World, snapshot: dict[str, bytes], hub: WritableHub) -> None:
    hub.takes_tags = False
    pushed = publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url)
    notes = (pushed.note or "").split("; ")  # the others name what could not be drawn
    assert notes[0] == f"this Hub does not support tags: cite the commit {pushed.commit}"
    assert pushed.tag is None


@pytest.mark.parametrize(
    ("token", "repo", "code", "said"),
    [
        (None, REPO, 2, "needs a token with write access: set HF_TOKEN"),
        (READER, REPO, 1, "the token may not write to author/snapshot"),
        ("hf_unknown", REPO, 1, "the token is not valid there"),
        (WRITER, "no-owner", 2, "expected ORG/NAME"),
        (WRITER, "author/a..b", 2, "is not a repository name"),
    ],
)
def test_what_cannot_be_published_is_one_line_and_no_token(
    genuine: World,
    hub: WritableHub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    token: str | None,
    repo: str,
    code: int,
    said: str,
) -> None:
    if token is None:
        monkeypatch.delenv("HF_TOKEN")
    else:
        monkeypatch.setenv("HF_TOKEN", token)
    assert main(["publish", "-w", str(genuine.warehouse.root), "--repo", repo, "--hub", hub.url]) == code
    shown = capsys.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1 and shown.out == ""
    assert token is None or token not in shown.err
    assert hub.commits == []


def test_an_unreachable_hub_is_one_line(genuine: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "-w", str(genuine.warehouse.root), "--repo", REPO, "--hub", "http://127.0.0.1:9"]) == 1
    shown = capsys.readouterr().err
    assert "http://127.0.0.1:9 cannot be reached" in shown and shown.count("\n") == 1


def test_with_raw_the_landed_files_are_published_as_packs(
    genuine: World, snapshot: dict[str, bytes], hub: WritableHub
) -> None:
    first = publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url, with_raw=True)
    assert first.commit is not None
    again = publish_snapshot(snapshot, genuine.warehouse, REPO, hub.url, with_raw=True)
    assert again.commit is None
    pack = Pack(hub.root / "datasets" / REPO / "raw/pack-0001.sqlite")
    wanted = {blob_id for (blob_id,) in genuine.query("select blob_id from raw.files where repo_type = 'dataset'")}
    assert wanted and {blob_id for blob_id, _ in pack.read(wanted)} == wanted
    pack.close()


def test_a_later_night_adds_a_pack_of_its_own_files_in_one_commit(
    genuine: World, hub: WritableHub, tmp_path: Path
) -> None:
    warehouse = Warehouse(tmp_path / "warehouse")
    shutil.copytree(genuine.warehouse.root, warehouse.root)
    publish_snapshot(genuine_snapshot(warehouse, None), warehouse, REPO, hub.url, with_raw=True)
    packs = hub.root / "datasets" / REPO / "raw"
    before = packs.joinpath("pack-0001.sqlite").read_bytes()
    body = b"a file of the second night"
    with BlobStore(warehouse.raw) as store:
        store.put(git_blob_id(body), body)
        at = "2025-01-02T03:00:00.000000Z"
        version = FileVersion("dataset", "org/name", "new.json", "c" * 40, git_blob_id(body), len(body), at)
        entry = SourceLoad("olb_v2_results", "loaded", changes_blob=land_changes(store, Changes([version])))
        store.flush()
        ledger = Ledger(warehouse.raw)
        ledger.append(Load(ledger.next_id(), "nightly", "published", at, genuine.endpoint, "test", [entry]))
    assert (
        publish_snapshot(genuine_snapshot(warehouse, None), warehouse, REPO, hub.url, with_raw=True).commit is not None
    )
    assert packs.joinpath("pack-0001.sqlite").read_bytes() == before
    pack = Pack(packs / "pack-0002.sqlite")
    wanted = {blob_id for (blob_id,) in genuine.query("select blob_id from raw.files")} | {git_blob_id(body)}
    assert list(pack.read(wanted)) == [(git_blob_id(body), body)]
    pack.close()
    assert publish_snapshot(genuine_snapshot(warehouse, None), warehouse, REPO, hub.url, with_raw=True).commit is None
    assert not packs.joinpath("pack-0003.sqlite").exists()


SPACE = "author/explorer"


def test_the_explorer_becomes_a_static_space_once(genuine: World, snapshot: dict[str, bytes], hub: WritableHub) -> None:
    first = publish_explorer(snapshot, SPACE, hub.url)
    assert first.url == f"{hub.url}/spaces/{SPACE}" and first.commit is not None and first.tag is None
    folder = hub.root / "spaces" / SPACE
    _, block, _ = (folder / "README.md").read_text().split("---\n", 2)
    card = yaml.safe_load(block)
    assert (card["sdk"], card["app_file"]) == ("static", "explorer.html")
    there = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    snapshot = make_snapshot(genuine.warehouse, None, with_pictures=False)
    ours = {name: content for name, content in snapshot.items() if is_of_explorer(name) and name != SITE}
    assert ours.items() <= there.items()
    # The start page of the Hub is gone.
    assert set(there) - set(ours) == {
        *(".gitattributes", "README.md", "manifest.json", "LICENSE-DATA.md", "CITATION.cff", SITE)
    }
    assert f"{hub.url}/spaces/{SPACE}/discussions/new".encode() in there[SITE]
    listed = json.loads(there["manifest.json"])["files"]
    assert {name: facts["sha256"] for name, facts in listed.items()} == {
        name: hashlib.sha256(there[name]).hexdigest() for name in set(there) - {".gitattributes", "manifest.json"}
    }
    again = publish_explorer(snapshot, SPACE, hub.url)
    assert (again.commit, len(hub.commits), hub.tags) == (None, 1, {})


def test_a_space_of_somebody_else_is_not_changed(snapshot: dict[str, bytes], hub: WritableHub) -> None:
    folder = hub.root / "spaces" / SPACE
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("a page of years of work")
    with pytest.raises(
        UsageError, match=r"the space author/explorer holds files that are not a snapshot of ours: .* --space"
    ):
        publish_explorer(snapshot, SPACE, hub.url)
    assert hub.commits == []


def test_the_explorer_of_a_sample_is_not_published(published: World, hub: WritableHub) -> None:
    with pytest.raises(UsageError, match="holds the bundled sample"):
        publish_explorer(genuine_snapshot(published.warehouse, None), SPACE, hub.url)
    assert hub.commits == []


def test_publish_takes_a_dataset_a_space_or_both(
    genuine: World, hub: WritableHub, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["publish", "-w", str(genuine.warehouse.root), "--hub", hub.url]
    assert main(command) == 2
    assert "say where to: --repo ORG/NAME for the dataset, --space ORG/NAME" in capsys.readouterr().err
    assert main([*command, "--space", SPACE, "--with-raw"]) == 2
    assert "--with-raw and --raw are of the dataset" in capsys.readouterr().err
    assert hub.commits == []
    assert main([*command, "--space", SPACE, "--repo", REPO, "--redistributable"]) == 0
    shown = capsys.readouterr().out
    assert f"published {hub.url}/datasets/{REPO} at commit" in shown
    assert f"published {hub.url}/spaces/{SPACE} at commit" in shown
    assert main([*command, "--space", SPACE, "--repo", REPO, "--redistributable", "--json"]) == 0
    assert [each["commit"] for each in json.loads(capsys.readouterr().out)] == [None, None]
