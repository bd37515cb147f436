"""The order in which files reach the disk, and that the next run continues wherever the last one stopped."""

from __future__ import annotations

import ast
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from worlds import World, content, v2_row

from leaderboard_etl import durable, engine, pipeline
from leaderboard_etl.cli import main
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.pipeline.right_clock import expect_right_clock
from leaderboard_etl.private import make_private
from leaderboard_etl.raw.ledger import Ledger
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.report import notes
from leaderboard_etl.settings import PACKAGE, Warehouse
from leaderboard_etl.target import Staged, file, target_of
from leaderboard_etl.target.believed import Believed
from leaderboard_etl.target.seal import MOST_GROWN, hash_of, read_seal, seal_path

pytestmark = pytest.mark.marts(False)

# Calls that commit, sync, truncate or replace a file, in the packages that write into a warehouse. For each of them a test
# must show that the next run continues after a kill. DuckDB's commits are left out, because they write to files that only
# this run uses.
_LASTING = {"fsync", "replace", "rename", "truncate", "_db.commit"}
_WRITING = ("raw", "landing", "warehouse", "target", "pipeline")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    passed: list[str] = []
    monkeypatch.setattr(durable, "watcher", passed.append)
    return passed


def damage(database: Path) -> None:
    """Inverts bits all over a file except in its header."""
    database.chmod(0o644)
    with database.open("r+b") as file:
        for place in range(20_000, database.stat().st_size, 5_000):
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 0xFF]))


def test_a_night_writes_durably_in_this_order(published: World, steps: list[str]) -> None:
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.31 + n / 100) for n in range(1, 31)])
    assert published.night(2).status == "published"
    order = ("blobs", "staging file", "ledger line", "published file")
    assert list(dict.fromkeys(steps)) == [f"{when} {step}" for step in order for when in ("before", "after")]


def test_every_durable_call_is_a_step_at_which_a_run_can_be_killed() -> None:
    found = {
        file.relative_to(PACKAGE).as_posix(): list(_unguarded(ast.parse(file.read_text(encoding="utf-8"))))
        for folder in _WRITING
        for file in (PACKAGE / folder).rglob("*.py")
    }
    # A query's cache, which no run writes: a reader that is killed leaves nothing that another one uses.
    assert {name: calls for name, calls in found.items() if calls and name != "target/cache.py"} == {}
    assert {"raw/store.py", "raw/ledger.py", "target/file.py", "pipeline/night.py"} <= set(found)


def _unguarded(node: ast.AST) -> Iterator[str]:
    """Calls that change files durably outside a `with durable(…)` block."""
    if isinstance(node, ast.With) and any("durable(" in ast.unparse(item.context_expr) for item in node.items):
        return
    if isinstance(node, ast.FunctionDef) and node.name == "append_durably":
        return  # its callers are checked instead
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        of_a_path = len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Dict)
        is_lasting = called in ("sync", "append_durably") or any(called.endswith(f".{name}") for name in _LASTING)
        if (is_lasting and of_a_path) or (called.endswith(".execute") and "checkpoint'" in ast.unparse(node.args[0])):
            yield f"line {node.lineno}: {ast.unparse(node)}"
    for child in ast.iter_child_nodes(node):
        yield from _unguarded(child)


def test_a_last_line_that_names_missing_bytes_is_set_aside_and_the_run_continues(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """An earlier version wrote the line before the bytes were committed, and a power cut then left this state."""
    shutil.copy(published.warehouse.raw / "blobs.sqlite", published.root / "before")
    shutil.copy(published.warehouse.database, published.root / "old")
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.31 + n / 100) for n in range(1, 31)])
    published.night(2)
    expected = content(published.warehouse.database, without=("ops.", "mart."))
    shutil.copy(published.root / "before", published.warehouse.raw / "blobs.sqlite")
    (published.root / "old").replace(published.warehouse.database)
    assert main(["status", "-w", str(published.warehouse.root)]) == 3  # the last success was in January 2025
    copy = published.root / "copy"
    shutil.copytree(published.warehouse.root, copy)
    assert main(["run", "--offline", "-w", str(copy)]) == 0
    assert "load 2 names bytes that never reached the disk" in capsys.readouterr().out
    assert len(Ledger(copy / "raw").loads) == 1 and len((copy / "raw/ledger.aside.jsonl").read_text().splitlines()) == 1
    third = published.night(2)
    assert "load 2 names bytes that never reached the disk: its line is in ledger.aside.jsonl now" in notes(third)
    assert content(published.warehouse.database, without=("ops.", "mart.")) == expected
    aside = (published.warehouse.raw / "ledger.aside.jsonl").read_text().splitlines()
    assert [json.loads(line)["load_id"] for line in aside] == [2]
    assert [load.load_id for load in Ledger(published.warehouse.raw).loads] == [1, 2]


def test_missing_bytes_that_were_once_published_mean_a_damaged_store_and_not_a_torn_line(published: World) -> None:
    with sqlite3.connect(published.warehouse.raw / "blobs.sqlite") as db:
        db.execute("delete from blobs")
    with pytest.raises(WarehouseError, match="lists of changes that the ledger beside it names"):
        published.night(2)
    assert not (published.warehouse.raw / "ledger.aside.jsonl").exists()


@pytest.mark.marts(True)
def test_with_the_published_file_removed_the_brake_still_works_and_the_file_is_made_again(published: World) -> None:
    before = content(published.warehouse.database, without=("ops.",))
    published.warehouse.database.unlink()
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.3 + n / 100) for n in range(1, 11)])
    outcome = published.night(2)
    assert outcome.load is not None and outcome.status == "degraded"
    entry = outcome.load.source("olb_v2_contents")
    assert entry is not None and entry.state == "held"
    assert notes(outcome)[0] == "leaderboard.duckdb is not there: made again from raw, which holds everything"
    assert content(published.warehouse.database, without=("ops.",)) == before
    files = {file.name for file in published.warehouse.root.iterdir()}
    assert files == {"leaderboard.duckdb", "leaderboard.duckdb.seal", "raw", "run.lock"}


@pytest.mark.parametrize("kind", ["bits", "cut", "other tables"])
def test_a_damaged_published_file_is_rebuilt_and_reported_in_one_line(published: World, kind: str) -> None:
    database = published.warehouse.database
    before = content(database, without=("ops.", "mart."))
    if kind == "bits":
        damage(database)
    elif kind == "other tables":
        database.unlink()
        duckdb.connect(str(database)).close()
    else:
        whole = database.read_bytes()
        database.unlink()
        database.write_bytes(whole[: len(whole) // 2])
    outcome = published.night(2)
    assert outcome.status == "published", outcome.message
    said = [note for note in notes(outcome) if note.startswith("leaderboard.duckdb ")]
    assert len(said) == 1 and "made again from raw" in said[0] and "\n" not in said[0]
    assert content(database, without=("ops.", "mart.")) == before


@pytest.mark.marts(True)
def test_a_log_of_another_writer_is_put_aside_and_sql_suggests_the_run_that_does_so(
    published: World, capsys: pytest.CaptureFixture[str]
) -> None:
    left = b"left by a writer"
    (published.warehouse.root / "leaderboard.duckdb.wal").write_bytes(left)
    assert main(["sql", "-w", str(published.warehouse.root), "from mart.coverage"]) == 1
    said = capsys.readouterr().err
    assert f"`leaderboard-etl run -w {published.warehouse.root}` puts it aside" in said and said.count("\n") == 1
    outcome = published.night(2)
    assert outcome.status == "published"
    (aside,) = published.warehouse.root.glob("leaderboard.duckdb.wal.*")
    assert aside.read_bytes() == left and any(aside.name in note for note in notes(outcome))
    assert main(["sql", "-w", str(published.warehouse.root), "from mart.coverage"]) == 0


def test_a_published_file_that_knows_a_load_which_the_ledger_does_not_is_never_replaced(published: World) -> None:
    before = published.warehouse.database.read_bytes()
    (published.warehouse.raw / "ledger.jsonl").write_bytes(b"")
    with pytest.raises(WarehouseError, match=r"holds load 1 of 2025-01-01 03:00 UTC, which .*ledger\.jsonl does not"):
        published.night(2)
    with pytest.raises(WarehouseError):
        pipeline.rebuild(published.warehouse)
    assert published.warehouse.database.read_bytes() == before


def test_a_file_that_does_not_hold_what_was_staged_is_not_published(
    published: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter([{"core.models": 3}, {"core.models": 0}])
    monkeypatch.setattr(file, "_row_counts", lambda con: next(counts))
    target = target_of(published.warehouse)
    before = published.warehouse.database.read_bytes()
    on_record: list[str] = []

    @contextmanager
    def recording() -> Iterator[None]:
        on_record.append("a line")
        yield

    with pytest.raises(WarehouseError, match=r"core\.models holds 0 of 3 rows: nothing was published"):
        target.publish(Staged(engine.create(published.warehouse.staging), []), recording())
    assert on_record == [] and published.warehouse.database.read_bytes() == before


@pytest.mark.marts(True)
def test_a_file_that_a_night_copied_and_changed_keeps_no_more_room_than_it_needs(published: World) -> None:
    database = published.warehouse.database
    for night in (2, 3):
        published.put_v2(*(v2_row(f"org/model-{n}b", 0.3 + n / 100 + night / 50) for n in range(1, 31)))
        published.night(night)
        assert published.query("select max(load_id) from ops.loads") == [(night,)]
        seal = read_seal(database)
        assert seal is not None and database.stat().st_size <= MOST_GROWN * seal.anew_bytes
    commented = "select count(*) from duckdb_columns() where comment is not null and schema_name = 'mart'"
    assert published.query(commented)[0][0] > 100
    assert [path.name for path in database.parent.glob("*.anew*")] == []


@pytest.mark.parametrize("seal", [b"", b'{"sha256":"00","anew_bytes":1,"sorted_bytes":1}\n', b'{"xxh3_128":"00"'])
def test_a_seal_that_another_version_wrote_or_that_is_cut_costs_nothing_but_time(published: World, seal: bytes) -> None:
    database = published.warehouse.database
    seal_path(database).write_bytes(seal)
    assert read_seal(database) is None
    published.put_v2(*(v2_row(f"org/model-{n}b", 0.3 + n / 50) for n in range(1, 31)))
    outcome = published.night(2)
    assert outcome.status == "published" and not any(database.name in note for note in notes(outcome))
    assert published.query("select max(load_id) from core.scores") == [(2,)]
    now = read_seal(database)
    assert now is not None and now.xxh3_128 == hash_of(database)


def test_an_empty_warehouse_has_no_published_state(tmp_path: Path) -> None:
    with BlobStore(tmp_path / "raw") as store:
        believed = Believed(Warehouse(tmp_path), store, Ledger(tmp_path / "raw"))
        assert (believed.trouble, believed.n_loads, believed.verdicts(), believed.names(["arena"])) == (
            None,
            None,
            {},
            [],
        )
        assert believed.scores_at("arena", [("dataset", "o/n", "p")]) is None


def test_a_clock_far_in_the_future_is_refused_and_dates_no_load(published: World) -> None:
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.31 + n / 100) for n in range(1, 31)])
    before = published.warehouse.database.read_bytes()
    ahead = datetime.now() + timedelta(days=3)
    outcome = published.night(2, started_at=ahead)
    assert outcome.status == "failed" and "set the clock and run again" in (outcome.message or "")
    assert published.warehouse.database.read_bytes() == before
    assert Ledger(published.warehouse.raw).loads[-1].as_of() < ahead - timedelta(days=2)
    asked_nothing = published.night(2, started_at=ahead, only=("reference",))
    assert asked_nothing.status == "failed" and "set the clock and run again" in (asked_nothing.message or "")
    assert published.night(2).status == "published"
    assert published.query("select as_of_at from ops.loads where status = 'published' order by load_id") == [
        (datetime(2025, 1, 1, 3),),
        (datetime(2025, 1, 2, 3),),
    ]


@pytest.mark.parametrize(
    ("started_at", "hub_at", "last_at", "is_refused"),
    [
        ("2026-01-03", "2026-01-01", None, True),
        ("2026-01-02", "2026-01-01", None, False),
        ("2026-01-03", None, "2025-01-01", False),
        ("2026-01-03", "2025-01-01", "2026-01-02", False),
        ("2020-01-01", "2026-01-01", "2026-01-01", False),
        ("2126-01-01", "2026-01-01", "2026-01-01", True),
    ],
)
def test_the_clock_is_right_within_a_day_of_the_hub_s_or_of_the_last_load(
    started_at: str, hub_at: str | None, last_at: str | None, is_refused: bool
) -> None:
    times = [datetime.fromisoformat(text) if text else None for text in (hub_at, last_at)]
    with pytest.raises(WarehouseError, match="set the clock") if is_refused else nullcontext():
        expect_right_clock(datetime.fromisoformat(started_at), *times)


def test_another_user_can_only_read_the_published_file_and_cannot_see_prefects_files(published: World) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    secret = published.warehouse.prefect / "storage" / "parameters"
    secret.parent.mkdir(parents=True)
    secret.write_text("a query")
    make_private(published.warehouse.prefect)
    for folder in published.warehouse.root.parents:  # pytest keeps its folders to the user
        if folder.stat().st_uid == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    script = f"""
import os, pathlib, duckdb
os.setgid(65534); os.setuid(65534)
database = {str(published.warehouse.database)!r}
print(duckdb.connect(database, read_only=True).execute("select count(*) > 0 from core.scores").fetchall())
for attempt in (
    lambda: duckdb.connect(database).execute("create table mine (n int)"),
    lambda: pathlib.Path(database).open("ab"),
    lambda: pathlib.Path({str(secret)!r}).read_text(),
    lambda: list(pathlib.Path({str(published.warehouse.prefect)!r}).iterdir()),
):
    try:
        attempt()
    except (duckdb.IOException, PermissionError) as error:
        print("refused")
    else:
        print("done")
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["[(True,)]", *["refused"] * 4], told.stderr
    assert stat.S_IMODE(published.warehouse.database.stat().st_mode) == 0o444
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
