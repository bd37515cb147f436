"""A raw store at a URL: a machine that keeps nothing continues from it, whatever step a killed run ended at."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from worlds import World, content, v2_row

from leaderboard_etl import durable, pipeline
from leaderboard_etl.errors import UsageError, WarehouseError
from leaderboard_etl.raw import elsewhere
from leaderboard_etl.raw.blob_ids import git_blob_id
from leaderboard_etl.raw.elsewhere import Elsewhere
from leaderboard_etl.raw.ledger import Changes, FileVersion, Ledger, Load, SourceLoad, land_changes, read_changes
from leaderboard_etl.raw.mirror import raw_of
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse

NOW = "2025-01-01T03:00:00.000000Z"


class KilledError(BaseException):
    """Stands for a kill: nothing that catches an Exception sees it."""


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A bucket on an S3 server on loopback."""
    pytest.importorskip("s3fs")
    server_of = pytest.importorskip("moto.server").ThreadedMotoServer
    fsspec = pytest.importorskip("fsspec")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_of(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        files, _ = fsspec.url_to_fs("s3://bucket")
        files.mkdir("bucket")
        yield "s3://bucket"
    server.stop()


@pytest.fixture
def url(s3: str, request: pytest.FixtureRequest) -> str:
    """A place of its own for each test."""
    return f"{s3}/{abs(hash(request.node.nodeid))}/raw"


@pytest.fixture
def machine(tmp_path: Path) -> Callable[[], Warehouse]:
    """A new machine each time, with an empty folder."""
    numbers = iter(range(100))

    def new() -> Warehouse:
        warehouse = Warehouse(tmp_path / f"machine-{next(numbers)}")
        warehouse.root.mkdir()
        return warehouse

    return new


def night(warehouse: Warehouse, url: str | None, text: str) -> list[str]:
    """Lands one file as a load, publishes a file that stands for the database, and returns every text that the ledger names."""
    with raw_of(warehouse, url) as (store, ledger):
        if text:
            body = text.encode()
            store.put(git_blob_id(body), body)
            version = FileVersion("dataset", "org/name", text, "c" * 40, git_blob_id(body), len(body), NOW)
            entry = SourceLoad("olb_v2_results", "loaded", changes_blob=land_changes(store, Changes([version])))
            store.flush()
            ledger.append(Load(ledger.next_id(), "nightly", "published", NOW, "sample", "test", [entry]))
            aside = warehouse.root / "next"
            aside.write_text(f"{[load.load_id for load in ledger.loads]}")
            aside.replace(warehouse.database)
        return texts(store, ledger)


def texts(store: BlobStore, ledger: Ledger) -> list[str]:
    files = [file for load in ledger.loads for source in load.sources for file in read_changes(store, source).changed]
    return [store.get(file.blob_id).decode() for file in files]


def test_a_machine_that_keeps_nothing_continues_where_another_one_ended(
    url: str, machine: Callable[[], Warehouse]
) -> None:
    assert night(machine(), url, "one") == ["one"]
    assert night(machine(), url, "two") == ["one", "two"]
    third = machine()
    assert night(third, url, "") == ["one", "two"]
    assert third.database.read_text() == "[1, 2]"
    # A line chained and sealed as in one folder: without the URL the folder is a whole warehouse.
    assert night(third, None, "three") == ["one", "two", "three"]


def test_bytes_are_brought_when_they_are_asked_for(url: str, machine: Callable[[], Warehouse]) -> None:
    night(machine(), url, "one")
    night(machine(), url, "two")
    with raw_of(machine(), url) as (store, _):
        assert len(store.ids()) == 2  # the lists of changes
        assert store.missing([git_blob_id(b"one"), git_blob_id(b"two"), git_blob_id(b"three")]) == {
            git_blob_id(b"three")
        }
        assert store.get(git_blob_id(b"one")) == b"one"
        assert len(store.ids()) == 3


def test_a_folder_that_was_filled_before_is_delivered_whole(url: str, machine: Callable[[], Warehouse]) -> None:
    first = machine()
    for text in ("one", "two"):
        night(first, None, text)
    assert night(first, url, "three") == ["one", "two", "three"]
    assert night(machine(), url, "") == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("number", "is_new_machine"),
    [*((number, True) for number in range(12)), *((number, False) for number in range(4, 8))],
)
def test_a_run_that_is_killed_at_any_step_loses_nothing_that_was_recorded(
    number: int, is_new_machine: bool, url: str, machine: Callable[[], Warehouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = machine()
    night(warehouse, url, "one")
    steps: list[str] = []

    def kill(step: str) -> None:
        if "elsewhere" in step or "ledger line" in step:
            steps.append(step)
            if len(steps) == number + 1:
                raise KilledError

    with monkeypatch.context() as patch, suppress(KilledError):
        patch.setattr(durable, "watcher", kill)
        patch.setattr(Elsewhere, "_unlock", lambda self, mine: None)  # a killed run leaves its claim
        night(warehouse, url, "two")
    is_recorded = "after line elsewhere" in steps
    if len(steps) > number:
        with pytest.raises(WarehouseError, match="another run"):
            night(machine(), url, "")
    later = datetime.now(UTC) + timedelta(minutes=11)
    monkeypatch.setattr(elsewhere, "_now", lambda: later)
    after = night(machine() if is_new_machine else warehouse, url, "three")
    assert after in (["one", "three"], ["one", "two", "three"])
    assert ("two" in after) >= is_recorded
    assert night(machine(), url, "") == after


def test_of_two_runs_at_once_one_is_recorded_and_the_other_changes_nothing(
    url: str, machine: Callable[[], Warehouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the claim does not hold them apart: the line can be created once."""
    monkeypatch.setattr(Elsewhere, "_lock", lambda self, mine: None)
    night(machine(), url, "one")
    slow = machine()
    with pytest.raises(WarehouseError, match="meanwhile"), raw_of(slow, url) as (_, ledger):
        night(machine(), url, "two")
        ledger.append(Load(ledger.next_id(), "nightly", "no_news", NOW, "sample", "test"))
    assert len(Ledger(slow.raw).loads) == 1
    assert night(slow, url, "three") == ["one", "two", "three"]


def test_different_warehouses_do_not_mix(url: str, machine: Callable[[], Warehouse]) -> None:
    night(machine(), url, "one")
    other = machine()
    night(other, None, "two")
    before = other.raw.joinpath("ledger.jsonl").read_bytes()
    with pytest.raises(WarehouseError, match="different warehouses"):
        night(other, url, "three")
    assert other.raw.joinpath("ledger.jsonl").read_bytes() == before


def test_a_store_that_fails_is_one_line(machine: Callable[[], Warehouse], s3: str) -> None:
    with pytest.raises(WarehouseError, match="the raw store at s3://there-is-no-such-bucket/raw failed"):
        night(machine(), "s3://there-is-no-such-bucket/raw", "one")
    with pytest.raises(UsageError, match="fsspec"):
        night(machine(), "nowhere://bucket/raw", "one")
    with pytest.raises(UsageError, match="not a URL"):
        night(machine(), "bucket/raw", "one")


def test_a_folder_is_a_store_too(tmp_path: Path, machine: Callable[[], Warehouse]) -> None:
    url = f"file://{tmp_path}/store"
    assert night(machine(), url, "one") == ["one"]
    assert night(machine(), url, "two") == ["one", "two"]
    with pytest.raises(WarehouseError, match="meanwhile"), raw_of(machine(), url) as (_, ledger):
        (tmp_path / "store/ledger/00000003.jsonl").write_text("of somebody else\n")
        ledger.append(Load(ledger.next_id(), "nightly", "no_news", NOW, "sample", "test"))


def test_nights_on_machines_that_keep_nothing_are_one_history(
    world: World, url: str, machine: Callable[[], Warehouse]
) -> None:
    world.put_v2(v2_row("org/one", 0.5))
    assert replace(world, warehouse=machine()).night(1, card_budget=0, raw=url).status in ("published", "degraded")
    world.put_v2(v2_row("org/one", 0.5), v2_row("org/two", 0.6))
    second = replace(world, warehouse=machine())
    assert second.night(2, card_budget=0, raw=url).status in ("published", "degraded")
    assert second.query("select count(*) from history.scores where load_id = 1 and valid_to is null")[0][0] > 0
    assert second.query("select count(*) > 0 from history.scores where source_name = 'org/two'") == [(True,)]
    rebuilt = machine()
    pipeline.rebuild(rebuilt, raw=url)
    assert content(rebuilt.database) == content(second.warehouse.database)
