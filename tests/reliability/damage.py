"""Damages the files of a warehouse in every known way and tries what repairs them.

    python tests/reliability/damage.py [NAME PART]...      a table of all, or of those whose name contains a part

Each damage is done to copies of one warehouse of four nights. On each copy one of `run`, `run --offline`, `doctor` and
`doctor --repair` is tried. A run may restore the state, or refuse with one line and not change the published file;
everything else counts as lost. Exit code 1 if anything was lost, or if the doctor calls a damaged warehouse sound.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from faulty_hub import HubServer
from worlds import World, content, small_world, v2_row

from leaderboard_etl import pipeline
from leaderboard_etl.doctor import examine, repair
from leaderboard_etl.errors import EtlError
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.card_pass import ABSENT_PATH
from leaderboard_etl.raw.ledger import Ledger, read_changes
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse

# Tables that a load's day, a build or a night without news may change; everything else must be restored.
DATED = ("ops.check_results", "ops.load", "ops.build", "mart.")
MOST_LINE = 900


@dataclass(frozen=True)
class Damage:
    """One way to damage a warehouse.

    `needs` says what must restore it: `run` (the next night), `repair` (the doctor), `copy` (only a backup), or `anew`
    (only bytes are left, and a run begins a new history).
    """

    name: str
    do: Callable[[Warehouse], None]
    needs: str


def nights(world: World) -> None:
    """Four nights: the first with a card, one that restates scores, one that withdraws a row, and one without news."""
    world.put_model("org/model-1b", b"---\nlicense: mit\n---\n# A model\n", safetensors={"total": 7})
    for day, n_models in ((1, 30), (2, 30), (3, 29)):
        world.put_v2(*[v2_row(f"org/model-{n}b", 0.3 + n / 100 + day / 1000) for n in range(1, n_models + 1)])
        world.night(day)
    world.night(4)


def _flip(path: Path, place: float, bit: int = 3) -> None:
    """Flips one bit; `place` is its position as a share of the file."""
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[min(int(len(data) * place), len(data) - 1)] ^= 1 << bit
    path.write_bytes(data)


def _write(path: Path, data: bytes) -> None:
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(data)


def _on_file(change: Callable[[bytes], bytes]) -> Callable[[Warehouse], None]:
    return lambda warehouse: _write(warehouse.database, change(warehouse.database.read_bytes()))


def _on_lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Warehouse], None]:
    def do(warehouse: Warehouse) -> None:
        path = warehouse.raw / "ledger.jsonl"
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))

    return do


def _on_store(sql: str, *, where: Callable[[Warehouse], str]) -> Callable[[Warehouse], None]:
    def do(warehouse: Warehouse) -> None:
        blob_id = where(warehouse)
        with sqlite3.connect(warehouse.raw / "blobs.sqlite") as db:
            assert db.execute(sql, [blob_id]).rowcount == 1
        db.close()

    return do


def _blob(kind: str) -> Callable[[Warehouse], str]:
    """The id of a blob of the third load: a list of changes, or a file of a repository type."""

    def find(warehouse: Warehouse) -> str:
        for load in Ledger(warehouse.raw).loads[:3][:: 1 if kind in ("project", "api") else -1]:
            for source in load.sources:
                if kind == "changes" and source.changes_blob:
                    return source.changes_blob
                with BlobStore(warehouse.raw, read_only=True) as store:
                    for file in read_changes(store, source).changed:
                        if file.repo_type == kind and file.path != ABSENT_PATH:
                            return file.blob_id
        raise AssertionError(kind)

    return find


def _foreign_sql(*statements: str) -> Callable[[Warehouse], None]:
    def do(warehouse: Warehouse) -> None:
        warehouse.database.chmod(0o644)
        with duckdb.connect(str(warehouse.database)) as con:
            for statement in statements:
                con.execute(statement)

    return do


def _other_database(warehouse: Warehouse) -> None:
    warehouse.database.unlink()
    with duckdb.connect(str(warehouse.database)) as con:
        con.execute("create table prices as select 1 as price")


def _sqlite_file(warehouse: Warehouse) -> None:
    warehouse.database.unlink()
    with sqlite3.connect(warehouse.database) as db:
        db.execute("create table t (n)")
    db.close()


def _newer_duckdb(data: bytes) -> bytes:
    """Sets the storage version in the header far beyond any existing one."""
    return data[:12] + (9_999).to_bytes(8, "little") + data[20:]


def _of_another(name: str) -> Callable[[Warehouse], None]:
    """Replaces a raw file with that of another warehouse, whose nights were later."""

    def do(warehouse: Warehouse) -> None:
        other = warehouse.root.parent / "other" / "raw"
        other.mkdir(parents=True, exist_ok=True)
        ledger = Ledger(other)
        if not ledger.loads:
            for load in Ledger(warehouse.raw).loads:
                ledger.append(msgspec.structs.replace(load, as_of_at=load.as_of_at.replace("2025", "2026")))
            with BlobStore(other) as store:
                from leaderboard_etl.raw.blob_ids import git_blob_id

                store.put(git_blob_id(b"another warehouse"), b"another warehouse")
        shutil.copy(other / name, warehouse.raw / name)

    return do


def _last_line_without_bytes(warehouse: Warehouse) -> None:
    """The state after a power cut that let the ledger line reach the disk but not the bytes."""
    ledger = Ledger(warehouse.raw)
    source = msgspec.structs.replace(ledger.loads[2].sources[0], changes_blob="sha256:" + "0" * 64)
    ledger.append(
        msgspec.structs.replace(
            ledger.loads[2], load_id=ledger.next_id(), as_of_at="2025-01-05T03:00:00.000000Z", sources=[source]
        )
    )


def _unlink(*paths: Callable[[Warehouse], Path]) -> Callable[[Warehouse], None]:
    def do(warehouse: Warehouse) -> None:
        for path in paths:
            found = path(warehouse)
            shutil.rmtree(found) if found.is_dir() else found.unlink()

    return do


def _older_file(warehouse: Warehouse) -> None:
    """Puts back the published file of the first load, from a copy."""
    shutil.copy(warehouse.root / "copies" / "first.duckdb", warehouse.root / "put back")
    (warehouse.root / "put back").replace(warehouse.database)


def _ledger(warehouse: Warehouse) -> Path:
    return warehouse.raw / "ledger.jsonl"


def _store(warehouse: Warehouse) -> Path:
    return warehouse.raw / "blobs.sqlite"


def _file(warehouse: Warehouse) -> Path:
    return warehouse.database


def _wal(warehouse: Warehouse) -> Path:
    return warehouse.database.with_name(warehouse.database.name + ".wal")


_SPOIL = "update blobs set zstd = zeroblob(length(zstd)) where blob_id = ?"
_DROP = "delete from blobs where blob_id = ?"

DAMAGES = (
    Damage("file: a bit flipped in its header", lambda w: _flip(_file(w), 0.0, 1), "run"),
    Damage(
        "file: a bit flipped in its second header", lambda w: _flip(_file(w), 4100 / _file(w).stat().st_size), "run"
    ),
    Damage("file: a bit flipped in a quarter", lambda w: _flip(_file(w), 0.25), "run"),
    Damage("file: a bit flipped in the middle", lambda w: _flip(_file(w), 0.5), "run"),
    Damage("file: a bit flipped near the end", lambda w: _flip(_file(w), 0.97), "run"),
    Damage("file: cut to half", _on_file(lambda data: data[: len(data) // 2]), "run"),
    Damage("file: cut by its last block", _on_file(lambda data: data[: -(256 << 10)]), "run"),
    Damage("file: cut within its header", _on_file(lambda data: data[:1000]), "run"),
    Damage("file: emptied", _on_file(lambda data: b""), "run"),
    Damage("file: zeros", _on_file(lambda data: bytes(len(data))), "run"),
    Damage("file: gone", _unlink(_file), "run"),
    Damage("file: a text", _on_file(lambda data: b"model,score\n" * 1000), "run"),
    Damage("file: another format (SQLite)", _sqlite_file, "run"),
    Damage("file: of a newer DuckDB", _on_file(_newer_duckdb), "run"),
    Damage("file: another DuckDB database", _other_database, "run"),
    Damage("file: a table dropped by another writer", _foreign_sql("drop table history.submissions"), "run"),
    Damage("file: rows deleted by another writer", _foreign_sql("delete from history.scores where load_id = 2"), "run"),
    Damage("file: that of the first load put back", _older_file, "run"),
    Damage("file: garbage in a .wal beside it", lambda w: _write(_wal(w), b"left by a writer"), "run"),
    Damage("file: an empty .wal beside it", lambda w: _write(_wal(w), b""), "run"),
    Damage("ledger: emptied", lambda w: _write(_ledger(w), b""), "repair"),
    Damage("ledger: gone", _unlink(_ledger), "repair"),
    Damage("ledger: first line lost", _on_lines(lambda lines: lines[1:]), "repair"),
    Damage("ledger: a line in the middle lost", _on_lines(lambda lines: [lines[0], *lines[2:]]), "repair"),
    Damage("ledger: the newest published line lost", _on_lines(lambda lines: lines[:2]), "repair"),
    Damage("ledger: half a line at its end", _on_lines(lambda lines: [*lines, b'{"load_id":5,"kind":"ni']), "run"),
    Damage("ledger: its last line cut", _on_lines(lambda lines: [*lines[:3], lines[3][:-20]]), "run"),
    Damage("ledger: zeros at its end", _on_lines(lambda lines: [*lines, bytes(200)]), "run"),
    Damage("ledger: a line that does not parse", _on_lines(lambda ls: [ls[0], ls[1][40:], *ls[2:]]), "repair"),
    Damage(
        "ledger: a value changed in a line",
        _on_lines(lambda lines: [lines[0], lines[1].replace(b'"published"', b'"qublished"'), *lines[2:]]),
        "repair",
    ),
    Damage("ledger: two lines changed places", _on_lines(lambda ls: [ls[0], ls[2], ls[1], ls[3]]), "repair"),
    Damage("ledger: a line twice", _on_lines(lambda lines: [*lines[:2], *lines[1:]]), "repair"),
    Damage("ledger: that of another warehouse", _of_another("ledger.jsonl"), "copy"),
    Damage("ledger: its last line names bytes that are not there", _last_line_without_bytes, "run"),
    Damage("store: gone", _unlink(_store), "repair"),
    Damage("store: emptied", lambda w: _write(_store(w), b""), "repair"),
    Damage("store: a text", lambda w: _write(_store(w), b"not a database\n" * 5000), "repair"),
    Damage(
        "store: cut to half",
        lambda w: _write(_store(w), _store(w).read_bytes()[: _store(w).stat().st_size // 2]),
        "copy",
    ),
    Damage("store: a file of the Hub spoiled", _on_store(_SPOIL, where=_blob("dataset")), "repair"),
    Damage("store: a file of the Hub lost", _on_store(_DROP, where=_blob("dataset")), "repair"),
    Damage("store: a list of changes lost", _on_store(_DROP, where=_blob("changes")), "repair"),
    Damage("store: a policy file spoiled", _on_store(_SPOIL, where=_blob("project")), "repair"),
    Damage("store: an answer of the Hub lost", _on_store(_DROP, where=_blob("api")), "repair"),
    Damage("store: that of another warehouse", _of_another("blobs.sqlite"), "copy"),
    Damage("folder: raw gone", _unlink(lambda w: w.raw), "repair"),
    Damage("folder: file and ledger gone", _unlink(_file, _ledger), "anew"),
    Damage("folder: a killed run's staging file", lambda w: _write(w.staging, b"half a file"), "run"),
)


@dataclass(frozen=True)
class Tried:
    """What one command did with a damaged warehouse (`back`, `refused`, `reported`, `sound` or `LOST`), and its
    line."""

    end: str
    line: str


@contextmanager
def base(folder: Path) -> Iterator[World]:
    """The warehouse to damage, with its Hub running, and a copy of its first published file."""
    (folder / "hub").mkdir(parents=True, exist_ok=True)
    with HubServer(folder / "hub") as server:
        world = small_world(folder, server.url)
        copies = world.warehouse.root / "copies"
        night = world.night

        def first_kept(day: int = 1, **changes: object) -> pipeline.Outcome:
            outcome = night(day, **changes)
            if day == 1:
                copies.mkdir()
                shutil.copy(world.warehouse.database, copies / "first.duckdb")
            return outcome

        world.night = first_kept  # type: ignore[method-assign]
        nights(world)
        yield world


def damaged(world: World, damage: Damage, folder: Path) -> World:
    """A copy of the warehouse with one damage."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(world.warehouse.root, folder / "warehouse")
    copy = World(world.root, world.hub, Warehouse(folder / "warehouse"), world.options, world.endpoint)
    damage.do(copy.warehouse)
    return copy


def try_run(world: World, expected: dict[str, tuple[object, ...]]) -> Tried:
    """Tries a night without news at the Hub."""
    before = _bytes(world.warehouse.database)
    try:
        outcome = world.night(6)
    except EtlError as error:
        return _refused(world, before, str(error))
    if outcome.status == "failed":
        return _refused(world, before, str(outcome.message))
    notes = getattr(outcome, "notes", [])
    return _compared(world, expected, "; ".join(notes) or outcome.status)


def try_offline(world: World, expected: dict[str, tuple[object, ...]]) -> Tried:
    """Tries a rebuild from raw."""
    before = _bytes(world.warehouse.database)
    try:
        pipeline.rebuild(world.warehouse)
    except EtlError as error:
        return _refused(world, before, str(error))
    return _compared(world, expected, "rebuilt")


def try_doctor(world: World) -> Tried:
    """Runs the doctor."""
    try:
        found = examine(world.warehouse)
    except EtlError as error:
        return Tried("reported", str(error))
    harms = sorted(found.faults, key=lambda fault: not fault.is_harm)
    return Tried("reported" if harms else "sound", harms[0].what if harms else "")


def try_repair(world: World, expected: dict[str, tuple[object, ...]]) -> Tried:
    """Runs the doctor with --repair."""
    said: list[str] = []

    @contextmanager
    def hub(endpoint: str) -> Iterator[Hub]:
        yield Hub(world.hub)

    before = _bytes(world.warehouse.database)
    try:
        repair(world.warehouse, examine(world.warehouse), said.append, hub=hub)
        after = examine(world.warehouse)
    except EtlError as error:
        return _refused(world, before, str(error))
    if after.exit_code == 1:
        line = next(fault.what for fault in after.faults if fault.is_harm)
        return _refused(world, before, line)
    return _compared(world, expected, "; ".join(said))


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _refused(world: World, before: bytes | None, line: str) -> Tried:
    if _bytes(world.warehouse.database) != before:
        return Tried("LOST", f"the published file was replaced: {line}")
    return Tried("refused" if "\n" not in line else "LOST", line)


def _compared(world: World, expected: dict[str, tuple[object, ...]], line: str) -> Tried:
    try:
        found = content(world.warehouse.database, without=DATED)
    except duckdb.Error as error:
        return Tried("LOST", f"the published file cannot be read: {error}")
    differing = [name for name, value in expected.items() if found.get(name) != value]
    return Tried("LOST", f"differs in {', '.join(differing)}") if differing else Tried("back", line)


def main(parts: list[str]) -> int:
    """Prints the table; returns the exit code."""
    wanted = [damage for damage in DAMAGES if not parts or any(part in damage.name for part in parts)]
    ends: list[str] = []
    with tempfile.TemporaryDirectory() as scratch, base(Path(scratch) / "base") as world:
        expected = content(world.warehouse.database, without=DATED)
        copy = Path(scratch) / "copy"
        print("| damage | run | run --offline | doctor | doctor --repair | the line |\n|---|---|---|---|---|---|")
        for damage in wanted:
            tried = [
                try_run(damaged(world, damage, copy), expected),
                try_offline(damaged(world, damage, copy), expected),
                try_doctor(damaged(world, damage, copy)),
                try_repair(damaged(world, damage, copy), expected),
            ]
            ends += ["anew" if damage.needs == "anew" and each.end == "LOST" else each.end for each in tried]
            line = tried[2].line.replace(f"{copy / 'warehouse'}/", "")[:MOST_LINE]
            print(f"| {damage.name} | {' | '.join(ends[-4:])} | {line} |", flush=True)
            for name, each in zip(("run", "run --offline", "doctor", "doctor --repair"), tried, strict=True):
                said = each.line.replace(f"{copy / 'warehouse'}/", "")[:MOST_LINE]
                print(f"    {damage.name} · {name}: {each.end}: {said}", file=sys.stderr, flush=True)
    n_lost = ends.count("LOST") + ends.count("sound")
    print(f"\n{len(wanted)} damages, {len(ends)} tries: {n_lost} lost or unseen, {ends.count('back')} brought back")
    return 1 if n_lost else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
