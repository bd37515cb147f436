"""The ledger is append-only, survives an incomplete last line, and its fold gives the files of every source."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest

from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.chain import read_lines, seal
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


def test_changes_are_landed_beside_the_bytes_and_no_change_makes_no_blob(tmp_path: Path) -> None:
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


def test_every_line_carries_the_hash_of_the_line_before(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in (1, 2, 3):
        ledger.append(load(number))
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    before = [json.loads(line)["previous_sha256"] for line in lines]
    assert before == [hashlib.sha256(line).hexdigest() for line in (b"", *lines[:2])]
    assert [entry.load_id for entry in Ledger(tmp_path).loads] == [1, 2, 3]


def test_a_ledger_of_the_first_version_is_read_and_continued(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(load(number)) + b"\n" for number in (1, 2)))
    ledger = Ledger(tmp_path)
    assert ledger.loads == [load(1), load(2)]
    ledger.append(load(3))
    lines = path.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[2])["previous_sha256"] == hashlib.sha256(lines[1]).hexdigest()
    assert Ledger(tmp_path).loads == [load(1), load(2), load(3)]
    path.write_bytes(lines[0] + lines[1].replace(b"2025", b"2024") + lines[2])
    with pytest.raises(WarehouseError, match="line 3, does not carry the hash of the line before it"):
        Ledger(tmp_path)


def _lose(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[2:]]


def _lose_two(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[3]]


def _swap(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2], lines[1], lines[3]]


def _repeat(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1], *lines[1:]]


def _change(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b"nightly", b"nighily"), *lines[2:]]


def _change_the_last(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[3].replace(b"nightly", b"nighily")]


def _break(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"load_id":', b'"load_id"'), *lines[2:]]


def _exchange(lines: list[bytes]) -> list[bytes]:
    """A sound line with the same id from another ledger."""
    return [lines[0], seal(msgspec.json.encode(load(2, "no_news")), b""), *lines[2:]]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_lose, "line 2, is load 3 after load 1: load 2 was lost"),
        (_lose_two, "line 2, is load 4 after load 1: loads 2 to 3 were lost"),
        (_swap, "line 2, is load 3 after load 1: load 2 was lost"),
        (_repeat, "line 3, is load 2 after load 2: lines moved or were doubled"),
        (_change, "line 2, was changed after it was written: load 2 does not have the hash that it carries"),
        (_change_the_last, "line 4, was changed after it was written"),
        (_break, "line 2, is not a load: it was damaged"),
        (_exchange, "line 2, does not carry the hash of the line before it"),
    ],
)
def test_a_lost_changed_or_moved_line_is_reported_by_its_number(
    tmp_path: Path, damage: Callable[[list[bytes]], list[bytes]], said: str
) -> None:
    ledger = Ledger(tmp_path)
    for number in (1, 2, 3, 4):
        ledger.append(load(number))
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(b"".join(damage(lines)))
    with pytest.raises(WarehouseError, match=re.escape(said)) as raised:
        Ledger(tmp_path)
    assert "\n" not in str(raised.value) and "leaderboard-etl doctor" in str(raised.value)


def test_every_flipped_bit_of_a_sealed_ledger_is_detected() -> None:
    lines: list[bytes] = []
    for number in (1, 2):
        lines.append(seal(msgspec.json.encode(load(number)), lines[-1] if lines else b""))
    content = b"".join(lines)
    for place in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            read, torn = read_lines(bytes(flipped))
            assert torn or any(line.fault for line in read), (place, bit)


def test_an_incomplete_or_removed_line_is_kept_in_the_file_beside(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in (1, 2):
        ledger.append(load(number))
    taken = ledger.path.read_bytes().splitlines()[1]
    assert ledger.set_aside_last() == load(2)
    with ledger.path.open("ab") as file:
        file.write(b'{"load_id": 2, "ki')
    again = Ledger(tmp_path)
    assert (again.loads, again.torn) == ([load(1)], b'{"load_id": 2, "ki')
    again.append(load(2, "no_news"))
    assert Ledger(tmp_path).loads == [load(1), load(2, "no_news")]
    assert again.aside.read_bytes().splitlines() == [taken, b'{"load_id": 2, "ki']
