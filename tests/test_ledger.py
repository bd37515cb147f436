"""The ledger is append-only, survives a torn last line, and its fold gives the files of every source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.ledger import (
    Changes,
    FileState,
    FileVersion,
    Ledger,
    Load,
    SourceLoad,
    format_utc,
    land_changes,
    parse_utc,
    read_changes,
)
from leaderboard_etl.raw.store import BlobStore


def load(number: int, status: str = "published", sources: list[SourceLoad] | None = None) -> Load:
    return Load(number, "nightly", status, f"2025-01-0{number}T03:00:00.000000Z", "sample", "0", sources or [])


def version(path: str, blob: str = "a" * 40) -> FileVersion:
    return FileVersion("dataset", "o/n", path, "c" * 40, blob, 1, "2025-01-01T00:00:00.000000Z")


def test_a_load_reads_back_as_it_was_written(tmp_path: Path) -> None:
    Ledger(tmp_path).append(load(1, sources=[SourceLoad("s", "loaded", revision="r")]))
    again = Ledger(tmp_path)
    assert again.loads == [load(1, sources=[SourceLoad("s", "loaded", revision="r")])]
    assert again.next_id() == 2


def test_a_torn_last_line_is_ignored_and_cut_off_by_the_next_append(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append(load(1))
    with ledger.path.open("ab") as file:
        file.write(b'{"load_id": 2, "kind": "nigh')
    again = Ledger(tmp_path)
    assert [entry.load_id for entry in again.loads] == [1]
    again.append(load(2))
    assert [entry.load_id for entry in Ledger(tmp_path).loads] == [1, 2]


def test_a_damaged_line_in_the_middle_is_an_error_with_its_number(tmp_path: Path) -> None:
    Ledger(tmp_path).append(load(1))
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"garbage\n" + path.read_bytes())
    with pytest.raises(WarehouseError, match="line 1"):
        Ledger(tmp_path)


def test_changes_are_landed_beside_the_bytes_and_no_change_is_no_blob(tmp_path: Path) -> None:
    changes = Changes([version("b"), version("a")], [("dataset", "o/n", "old")])
    with BlobStore(tmp_path) as store:
        blob_id = land_changes(store, changes)
        assert land_changes(store, Changes()) is None
        found = read_changes(store, SourceLoad("s", "loaded", changes_blob=blob_id))
    assert [file.path for file in found.changed] == ["a", "b"]
    assert [tuple(place) for place in found.gone] == [("dataset", "o/n", "old")]


def test_failed_loads_leave_no_trace_in_the_files_of_a_source(tmp_path: Path) -> None:
    with BlobStore(tmp_path) as store:
        first = land_changes(store, Changes([version("a"), version("b")]))
        second = land_changes(store, Changes([version("a", "b" * 40)], [("dataset", "o/n", "b")]))
        published = load(1, sources=[SourceLoad("s", "loaded", changes_blob=first)])
        failed = load(2, "failed", sources=[SourceLoad("s", "loaded", changes_blob=second)])
        assert set(FileState(store, [published, failed]).of("s")) == {version("a").place, version("b").place}
        degraded = load(3, "degraded", sources=[SourceLoad("s", "loaded", changes_blob=second)])
        files = FileState(store, [published, failed, degraded]).of("s")
        assert {place[2]: file.blob_id for place, file in files.items()} == {"a": "b" * 40}


def test_times_are_kept_in_utc_to_the_microsecond() -> None:
    moment = datetime(2025, 3, 21, 4, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert format_utc(moment) == "2025-03-21T02:00:00.123456Z"
    assert parse_utc(format_utc(moment)) == moment.astimezone(UTC).replace(tzinfo=None)
