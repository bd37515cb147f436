"""The doctor finds what is wrong with a warehouse's files, reports what is lost, and repairs what can be repaired."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from reliability.damage import DAMAGES, DATED, Damage, base, damaged, try_doctor, try_offline, try_run
from worlds import World, content, without_marts

from leaderboard_etl.cli import main
from leaderboard_etl.doctor import examine, repair
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.raw.ledger import Ledger

pytestmark = pytest.mark.marts(False)
BY_NAME = {damage.name: damage for damage in DAMAGES}
# One of each kind; tests/reliability/damage.py tries all of them, including the nights and rebuilds that follow.
SAID = {
    "file: a bit flipped in the middle": "leaderboard.duckdb cannot be read (",
    "file: emptied": "leaderboard.duckdb is empty",
    "file: of a newer DuckDB": "leaderboard.duckdb cannot be read (",
    "file: another DuckDB database": "leaderboard.duckdb cannot be read (",
    "file: rows deleted by another writer": "load 2, olb_v2_contents: 0 rows opened",
    "file: an empty .wal beside it": "leaderboard.duckdb.wal is beside the published file",
    "ledger: gone": "ledger.jsonl is not there, but the published file holds loads",
    "ledger: a line in the middle lost": "line 2, is load 3 after load 1: load 2 was lost",
    "ledger: the newest published line lost": "ends with load 2, but the published file knows load 3",
    "ledger: half a line at its end": "ends with half a line (23 bytes)",
    "ledger: a line that does not parse": "line 2, is not a load: it was damaged",
    "ledger: that of another warehouse": "are of different warehouses: load 1 is of 2026-01-01",
    "ledger: its last line names bytes that are not there": "line 5, names bytes that never reached the disk",
    "store: gone": "blobs.sqlite is not there",
    "store: a file of the Hub spoiled": "1 damaged of the files of the Hub, the first data/train-00000-of-00001.parquet",
    "store: a list of changes lost": "1 lost of the lists of what loads changed",
    "store: an answer of the Hub lost": "1 lost of the Hub's answers",
    "store: that of another warehouse": "holds none of the ",
    "folder: file and ledger gone": "holds no load and no file is published, but blobs.sqlite holds",
    "folder: a killed run's staging file": "leaderboard.staging.duckdb was left by a run that was killed",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        with without_marts():
            world = stack.enter_context(base(tmp_path_factory.mktemp("whole") / "base"))
        yield world


def mend(world: World, address: str | None = None) -> list[str]:
    said: list[str] = []

    @contextmanager
    def hub(endpoint: str) -> Iterator[Hub]:
        yield Hub(address or world.hub)

    repair(world.warehouse, examine(world.warehouse), said.append, hub=hub)
    return said


def test_a_sound_warehouse_is_reported_as_sound(whole: World, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in whole.warehouse.root.rglob("*") if path.is_file()}
    assert main(["doctor", "-w", str(whole.warehouse.root)]) == 0
    assert "is sound: 4 loads" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in whole.warehouse.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", SAID)
def test_each_kind_of_damage_is_reported_in_one_line(whole: World, tmp_path: Path, name: str) -> None:
    said = try_doctor(damaged(whole, BY_NAME[name], tmp_path / "copy"))
    assert SAID[name] in said.line and "\n" not in said.line


@pytest.mark.parametrize(
    "name",
    [
        "ledger: gone",
        "ledger: first line lost",
        "ledger: a line in the middle lost",
        "ledger: a line that does not parse",
        "ledger: two lines changed places",
        "ledger: a line twice",
        "ledger: half a line at its end",
        "ledger: its last line names bytes that are not there",
        "store: a file of the Hub lost",
        "store: a file of the Hub spoiled",
        "store: a list of changes lost",
        "store: a policy file spoiled",
        "store: an answer of the Hub lost",
        "store: gone",
        "folder: raw gone",
    ],
)
def test_lost_raw_files_are_recovered(whole: World, tmp_path: Path, name: str) -> None:
    world = damaged(whole, BY_NAME[name], tmp_path / "copy")
    said = mend(world)
    assert said and examine(world.warehouse).faults == []
    expected = Ledger(whole.warehouse.raw).loads
    # A load that was refused last is nowhere but in the ledger.
    lost_refusals = name in ("ledger: gone", "folder: raw gone")
    for load, before in zip(Ledger(world.warehouse.raw).loads, expected, strict=not lost_refusals):
        kept = ("load_id", "kind", "status", "as_of_at", "endpoint", "code_version", "message")
        assert [getattr(load, key) for key in kept] == [getattr(before, key) for key in kept]
        assert {s.source_id: (s.changes_blob, s.drift, s.api_calls) for s in load.sources} == {
            s.source_id: (s.changes_blob, s.drift, s.api_calls) for s in before.sources
        }
    assert world.warehouse.database.read_bytes() == whole.warehouse.database.read_bytes()


@pytest.mark.parametrize(
    "name", ["store: gone", "store: emptied", "store: that of another warehouse", "ledger: emptied"]
)
def test_a_run_does_not_replace_a_published_file_without_its_raw(whole: World, tmp_path: Path, name: str) -> None:
    for attempt in (try_run, try_offline):
        tried = attempt(damaged(whole, BY_NAME[name], tmp_path / "copy"), {})
        assert tried.end == "refused" and "doctor" in tried.line, tried


def test_a_damaged_ledger_is_kept_beside_the_restored_one(whole: World, tmp_path: Path) -> None:
    world = damaged(whole, BY_NAME["ledger: a line that does not parse"], tmp_path / "copy")
    before = Ledger(whole.warehouse.raw).path.read_bytes().splitlines()
    spoiled = (world.warehouse.raw / "ledger.jsonl").read_bytes()
    mend(world)
    kept = list(world.warehouse.raw.glob("ledger.jsonl.*"))
    assert [path.read_bytes() for path in kept] == [spoiled]
    assert Ledger(world.warehouse.raw).path.read_bytes().splitlines()[0] == before[0]


def test_a_damaged_file_is_rebuilt_from_raw_and_is_read_only(whole: World, tmp_path: Path) -> None:
    world = damaged(whole, BY_NAME["file: rows deleted by another writer"], tmp_path / "copy")
    said = mend(world)
    assert said == [f"made {world.warehouse.database} again from raw"]
    assert examine(world.warehouse).faults == []
    assert content(world.warehouse.database, without=DATED) == content(whole.warehouse.database, without=DATED)


def test_a_night_does_not_continue_from_a_file_with_removed_rows(whole: World, tmp_path: Path) -> None:
    world = damaged(whole, BY_NAME["file: rows deleted by another writer"], tmp_path / "copy")
    tried = try_run(world, content(whole.warehouse.database, without=DATED))
    assert tried.end == "back" and "was written to by something else (load 2, olb_v2_contents" in tried.line


def test_what_cannot_be_recovered_is_reported_and_nothing_is_changed(whole: World, tmp_path: Path) -> None:
    for name in ("ledger: that of another warehouse", "store: that of another warehouse"):
        world = damaged(whole, BY_NAME[name], tmp_path / "copy")
        before = {path: path.read_bytes() for path in world.warehouse.root.rglob("*") if path.is_file()}
        assert mend(world) == [
            "nothing was touched: files of two warehouses are here, and it is not known which ones belong here"
        ]
        assert {path: path.read_bytes() for path in before} == before
    world = damaged(whole, BY_NAME["store: an answer of the Hub lost"], tmp_path / "copy")
    said = mend(world, "http://127.0.0.1:9")
    assert said == ["asked http://127.0.0.1:9 again about 1 model: 0 of 1 lost answers are as they were"]
    assert examine(world.warehouse).exit_code == 1


def test_a_damaged_store_is_restored_from_its_readable_blobs_and_the_hub(whole: World, tmp_path: Path) -> None:
    world = damaged(whole, Damage("", lambda warehouse: None, "repair"), tmp_path / "copy")
    path = world.warehouse.raw / "blobs.sqlite"
    data = bytearray(path.read_bytes())
    page = len(data) * 3 // 4 // 4096 * 4096
    data[page : page + 8192] = bytes(8192)
    path.write_bytes(data)
    found = examine(world.warehouse)
    assert any(fault.part == "raw" and "is damaged" in fault.what for fault in found.faults)
    assert "blobs that could be read in a new store" in mend(world)[0]
    assert examine(world.warehouse).faults == []
    with sqlite3.connect(path) as db:
        assert db.execute("pragma quick_check").fetchone() == ("ok",)
    db.close()


def test_the_json_output_says_the_same(whole: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = damaged(whole, BY_NAME["ledger: a line in the middle lost"], tmp_path / "copy")
    assert main(["doctor", "--json", "-w", str(world.warehouse.root)]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["exit_code"] == 1 and said["repaired"] == []
    [finding] = said["findings"]
    assert finding["part"] == "ledger" and finding["is_harm"] and finding["lost"] == "load 2 of the ledger"
    assert main(["doctor", "--json", "--repair", "-w", str(world.warehouse.root)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["findings"] == [] and len(said["repaired"]) == 3


def test_a_folder_without_a_warehouse_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "-w", str(tmp_path)]) == 1
    assert "holds no warehouse: start with" in capsys.readouterr().err


def test_leftovers_are_removed(whole: World, tmp_path: Path) -> None:
    world = damaged(whole, BY_NAME["folder: a killed run's staging file"], tmp_path / "copy")
    folder = world.warehouse.root / "leaderboard.believed.duckdb.tmp"
    folder.mkdir()
    (world.warehouse.prefect).mkdir(mode=0o755)
    world.warehouse.database.chmod(0o666)
    assert examine(world.warehouse).exit_code == 3
    mend(world)
    assert examine(world.warehouse).faults == [] and not folder.exists()
    assert oct(world.warehouse.database.stat().st_mode & 0o777) == "0o444"
    shutil.rmtree(world.warehouse.prefect)
