"""Tables in a lake: the same content as in a file, one commit for each night, and several writers at once.

They need DuckDB's extensions as Python packages (constraints-ducklake.txt), which .ci/run has in a second environment.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from faulty_hub import HubServer
from worlds import KEPT_BY_NIGHTS, World, content, small_world, v1_row, v2_row

from leaderboard_etl import durable, engine
from leaderboard_etl.cli import main
from leaderboard_etl.contracts.schema import kept_views, tables
from leaderboard_etl.pipeline import rebuild
from leaderboard_etl.raw.ledger import Ledger
from leaderboard_etl.settings import Warehouse, parsed_lake
from leaderboard_etl.target import ducklake
from leaderboard_etl.target.lake_copy import copy_whole
from leaderboard_etl.target.opening import open_published

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("duckdb_extension_ducklake") is None,
    reason="DuckDB's extensions are not installed: see constraints-ducklake.txt",
)

_POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
_SPAWN = multiprocessing.get_context("spawn")
_SOURCES = {"v1": "olb_v1_contents", "v2": "olb_v2_contents"}


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of this test, without a database."""
    programs = _POSTGRES
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="lake-pg-", dir="/tmp") as folder:
        if user:
            shutil.chown(folder, "postgres", "postgres")

        def run(name: str, *arguments: str) -> None:
            subprocess.run([programs / name, *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL, **user)

        run("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "postgres")
        only_here = f"-k {folder} -c listen_addresses= -c fsync=off"
        run("pg_ctl", "-D", f"{folder}/data", "-o", only_here, "-l", f"{folder}/log", "-w", "start")
        try:
            yield f"host={folder} user=postgres"
        finally:
            run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a lake that does not exist yet."""
    if request.param == "sqlite":
        return f"ducklake:sqlite:{tmp_path}/catalog.sqlite"
    place = request.getfixturevalue("postgres")
    assert _POSTGRES is not None
    name = f"lake_{os.urandom(4).hex()}"
    subprocess.run([_POSTGRES / "createdb", "-h", place.split()[0][5:], "-U", "postgres", name], check=True)
    return f"ducklake:postgres:dbname={name} {place}?data_path={tmp_path}/files"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket of an S3 server on loopback, which the environment names."""
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    settings = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "REGION": "us-east-1"}
    for name, value in {**settings, "ENDPOINT_URL": f"http://{host}:{port}"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    try:
        assert httpx.put(f"http://{host}:{port}/lake").status_code == 200
        yield "s3://lake"
    finally:
        server.stop()


@dataclass
class Shared:
    """A Hub, and the address of a lake that several warehouse folders write."""

    world: World
    address: str

    def writer(self, name: str, *only: str) -> World:
        folder = Warehouse(self.world.warehouse.root.with_name(name), parsed_lake(self.address))
        return replace(self.world, warehouse=folder, options={"only": only} if only else {})

    def lake(self) -> duckdb.DuckDBPyConnection:
        """The lake, as any client of DuckDB opens it."""
        con = engine.in_memory()
        engine.attach_lake(con, parsed_lake(self.address), "there", is_read_only=True)
        con.execute("use there")
        return con

    def written(self) -> set[str]:
        """The tables that the last commit changed."""
        with self.lake() as con:
            [(changes,)] = con.execute(
                "select max_by(changes, snapshot_id) from ducklake_snapshots('there') where author is not null"
            ).fetchall()
            names = dict(
                con.execute(
                    "select table_id::varchar, schema_name || '.' || table_name from __ducklake_metadata_there.ducklake_table"
                    " join __ducklake_metadata_there.ducklake_schema using (schema_id)"
                ).fetchall()
            )
        return {
            names[number] for kind in ("inserted_into", "deleted_from") for number in changes.get(f"tables_{kind}", ())
        }

    def content(self) -> dict[str, tuple[Any, ...]]:
        with self.lake() as con:
            return {
                name: con.execute(f"select count(*), sum(hash(t)::hugeint) from {name} as t").fetchall()[0]
                for name in (*tables(), *kept_views())
                if name != KEPT_BY_NIGHTS
            }


@pytest.fixture
def shared(tmp_path: Path, address: str, server: HubServer) -> Shared:
    return Shared(small_world(tmp_path, server.url), address)


def put(world: World, version: str, shift: float) -> None:
    """A new state of one of the two tables: every score is another."""
    if version == "v1":
        world.put_v1(*[v1_row(f"org/model-{n}b", 30.0 + n + shift) for n in range(1, 31)])
    else:
        world.put_v2(*[v2_row(f"org/model-{n}b", 0.3 + (n + shift) / 100) for n in range(1, 31)])


def test_a_lake_holds_the_same_as_a_file(shared: Shared, capsys: pytest.CaptureFixture[str]) -> None:
    """After two nights, read by any client, in the copy of a reader elsewhere, as of a day, and rebuilt from raw."""
    file, lake = shared.world, shared.writer("lake")
    for day in (1, 2):
        assert [world.night(day).status for world in (file, lake)] == ["published", "published"]
        put(file, "v2", 1.0)
    expected = content(file.warehouse.database)
    assert shared.content() == expected
    reader = Warehouse(shared.world.root.with_name("reader"), parsed_lake(shared.address))
    for as_of in (None, date(2025, 1, 1)):
        with open_published(reader, as_of=as_of) as theirs, open_published(file.warehouse, as_of=as_of) as ours:
            for query in ("from mart.gap_frontier order by all", "from core.scores order by all"):
                assert theirs.execute(query).fetchall() == ours.execute(query).fetchall() != []
    assert content(reader.database, without=("lake.",)) == expected
    with shared.lake() as con:
        assert con.execute("from mart.coverage order by all").fetchall()
        messages = con.execute("select commit_message from ducklake_snapshots('there') order by snapshot_id").fetchall()
    assert [message.split(": ")[0] for (message,) in messages if message] == [
        f"load {day} (nightly, published, 2025-01-0{day} 03:00 UTC)" for day in (1, 2)
    ]
    rebuild(lake.warehouse)
    assert shared.content() == expected
    assert main(["check", "-w", str(reader.root), "--database", shared.address]) == 0
    assert main(["explain", "-w", str(reader.root), "--database", shared.address, "org/model-7b"]) == 0
    capsys.readouterr()


class RandomNews:
    """The two tables of a world, of which each call changes a few rows."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)
        self.rows = {
            "v1": {f"org/model-{n}b": 30.0 + n for n in range(1, 31)},
            "v2": {f"org/model-{n}b": 0.3 + n / 100 for n in range(1, 31)},
        }

    def __call__(self, *versions: str) -> None:
        for version in versions:
            scores = self.rows[version]
            for name in self.random.sample(sorted(scores), self.random.randrange(1, 4)):
                scores[name] *= 1.01
            if self.random.random() < 0.5:
                del scores[self.random.choice(sorted(scores))]
            if self.random.random() < 0.5:
                scores[f"org/new-{self.random.randrange(100)}b"] = min(scores.values())
            put_rows = self.world.put_v1 if version == "v1" else self.world.put_v2
            make = v1_row if version == "v1" else v2_row
            put_rows(*[make(name, score) for name, score in scores.items()])


def changed_tables(before: dict[str, tuple[Any, ...]], after: dict[str, tuple[Any, ...]]) -> set[str]:
    return {name for name in after if after[name] != before[name]}


def test_after_each_of_some_nights_of_random_news_a_lake_holds_the_same_as_a_file(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night writes only to tables of which rows differ. A reader elsewhere copies all once, and then only what changed."""
    file, lake = shared.world, shared.writer("lake")
    news = RandomNews(file, 1)
    reader = Warehouse(shared.world.root.with_name("reader"), parsed_lake(shared.address))
    before: dict[str, tuple[Any, ...]] = {}
    n_whole = 0

    def counted(con: duckdb.DuckDBPyConnection) -> bool:
        nonlocal n_whole
        n_whole += 1
        return copy_whole(con)

    monkeypatch.setattr(ducklake, "copy_whole", counted)
    monkeypatch.setattr(ducklake, "LOADS_PER_UPKEEP", 3)
    for day in range(1, 5):
        assert [world.night(day).status for world in (file, lake)] == ["published", "published"]
        expected = content(file.warehouse.database)
        assert shared.content() == content(lake.warehouse.database, without=("lake.",)) == expected
        if before:
            assert shared.written() - {"lake.head", "lake.loads"} == changed_tables(before, expected)
        open_published(reader).close()
        assert content(reader.database, without=("lake.",)) == expected
        before = expected
        news(*news.random.choice([("v1",), ("v2",), ("v1", "v2")]))
    assert n_whole == 1
    with shared.lake() as con:
        commits = con.execute("select snapshot_id from ducklake_snapshots('there') where author is not null").fetchall()
        loads = [
            con.execute(f"select max(load_id) from ops.loads at (version => {commit})").fetchall()
            for (commit,) in commits
        ]
    assert loads == [[(1,)], [(2,)], [(3,)], [(4,)]]


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_writers_who_take_turns_at_random_leave_what_one_writer_leaves(shared: Shared) -> None:
    writers = {version: shared.writer(version, source) for version, source in _SOURCES.items()}
    alone = replace(shared.world, options={"only": tuple(_SOURCES.values())})
    news = RandomNews(shared.world, 3)
    for day, version in enumerate(["v1", "v2", *news.random.choices(["v1", "v2"], k=3)], start=1):
        if day > 2:
            news(version)
        assert writers[version].night(day).status == "published"
    assert alone.night(6).status == "published"
    # Who came when decides in which load core first saw a value, and where in which file.
    core = [name for name in tables() if name.startswith("core.")]
    columns = "columns(c -> c not in ('load_id', 'revision', 'blob_id', 'locator'))"
    query = f"select count(*), sum(hash(t)::hugeint) from (select {columns} from {{}}) as t"
    with shared.lake() as there:
        assert [there.execute(query.format(name)).fetchall() for name in core] == [
            alone.query(query.format(name)) for name in core
        ]


def _killed_night(world: World, day: int) -> None:
    """Ends when the rows are written and only the commit is left."""

    def kill(step: str) -> None:
        if step == "before published file":
            os.kill(os.getpid(), signal.SIGKILL)

    durable.watcher = kill
    world.night(day)


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_killed_night_leaves_nothing_in_the_lake_and_the_next_continues(shared: Shared) -> None:
    lake = shared.writer("lake")
    lake.night(1)
    before = shared.content()
    put(lake, "v2", 1.0)

    process = _SPAWN.Process(target=_killed_night, args=(lake, 2))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert shared.content() == before
    assert [load.status for load in Ledger(lake.warehouse.raw).loads] == ["published", "published"]
    assert lake.night(3).status == "published"
    after = shared.content()
    rebuild(lake.warehouse)
    assert shared.content() == after != before


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_writer_that_was_overtaken_builds_on_what_the_other_published(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other commits after the line of this load is in the ledger, the latest moment."""
    first, second = (shared.writer(version, source) for version, source in _SOURCES.items())
    first.night(1)
    second.night(2)
    put(first, "v1", 1.0)
    put(first, "v2", 1.0)
    waiting = [second]

    def overtake(step: str) -> None:
        if step == "after ledger line" and waiting:
            assert waiting.pop().night(3).status == "published"

    monkeypatch.setattr(durable, "watcher", overtake)
    assert first.night(4).status == "published"
    with shared.lake() as con:
        rows = con.execute("select load_id, ledger_load_id from lake.loads order by load_id").fetchall()
        dates = con.execute("select load_id, as_of_at::date::varchar from ops.loads order by load_id").fetchall()
        scores = con.execute(
            "select source_id, load_id, count(*) from history.scores where valid_to is null group by all order by all"
        ).fetchall()
    assert rows == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert dates == [(1, "2025-01-01"), (2, "2025-01-02"), (3, "2025-01-03"), (4, "2025-01-04")]
    assert [row for row in scores if row[0] in _SOURCES.values() and row[2] > 20] == [
        ("olb_v1_contents", 4, 180),
        ("olb_v2_contents", 3, 180),
    ]
    alone = replace(shared.world, options={"only": tuple(_SOURCES.values())})
    alone.night(5)
    expected, there = content(alone.warehouse.database, without=("raw.", "history.", "ops.")), shared.content()
    assert {name: there[name][0] for name in expected} == {name: rows for name, (rows, _) in expected.items()}


def _write(world: World, version: str, n_nights: int) -> None:
    for day in range(1, n_nights + 1):
        put(world, version, day / 10)
        assert world.night(day).status == "published"


def test_two_processes_lose_nothing_when_they_write_at_once(shared: Shared) -> None:
    n_nights = 2
    writers = {version: shared.writer(version, source) for version, source in _SOURCES.items()}
    processes = [_SPAWN.Process(target=_write, args=(world, version, n_nights)) for version, world in writers.items()]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    with shared.lake() as con:
        loads = con.execute("select load_id, chain, ledger_load_id from lake.loads order by load_id").fetchall()
        assert [row[0] for row in loads] == list(range(1, 2 * n_nights + 1))
        assert con.execute("select load_id from ops.loads order by load_id").fetchall() == [(row[0],) for row in loads]
        chains = {chain: [row[2] for row in loads if row[1] == chain] for _, chain, _ in loads}
        assert sorted(chains.values()) == [[1, 2], [1, 2]]
        versions = con.execute(
            "select source_id, count(distinct load_id), count(*) filter (where valid_to is null) from history.scores"
            " where list_contains(?, source_id) group by all order by all",
            [list(_SOURCES.values())],
        ).fetchall()
    n_scores = 6 * 32
    assert versions == [(source, n_nights, n_scores) for source in sorted(_SOURCES.values())]
    for world in writers.values():
        assert [load.load_id for load in Ledger(world.warehouse.raw).loads] == [1, 2]
        # Whoever comes now takes over what both published, and has nothing to add.
        assert world.night(9).status == "no_news"


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_damaged_copy_is_taken_from_the_lake_again_and_costs_no_writer_anything(shared: Shared) -> None:
    first, second = (shared.writer(version, source) for version, source in _SOURCES.items())
    first.night(1)
    second.night(2)
    before = scores_by_source(shared)
    first.night(3)  # takes over what the second published
    first.warehouse.database.chmod(0o644)
    with duckdb.connect(str(first.warehouse.database)) as con:
        con.execute(f"delete from history.scores where source_id = '{_SOURCES['v2']}'")
    put(first, "v1", 1.0)
    assert first.night(4).status == "published"
    after = scores_by_source(shared)
    assert after[_SOURCES["v2"]] == before[_SOURCES["v2"]]
    assert after[_SOURCES["v1"]] > before[_SOURCES["v1"]]


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_loads_that_other_code_folded_are_folded_again_and_those_of_others_stay(shared: Shared) -> None:
    first, second = (shared.writer(version, source) for version, source in _SOURCES.items())
    first.night(1)
    second.night(2)
    before = scores_by_source(shared)
    with engine.in_memory() as con:
        engine.attach_lake(con, parsed_lake(shared.address), "there", is_read_only=False)
        con.execute("update there.lake.loads set code_version = 'older' where load_id = 1")
        con.execute("update there.lake.head set commit_id = 'older'")
    assert first.night(3).status == "published"
    assert scores_by_source(shared) == before
    with shared.lake() as con:
        rows = con.execute("select load_id, ledger_load_id from lake.loads where code_version <> 'older' order by all")
        assert rows.fetchall() == [(2, 1), (3, 1), (4, 2)]


def scores_by_source(shared: Shared) -> dict[str, int]:
    with shared.lake() as con:
        return dict(con.execute("select source_id, count(*) from history.scores group by all").fetchall())


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_the_files_may_be_on_object_storage(shared: Shared, bucket: str) -> None:
    there = Shared(shared.world, f"{shared.address}?data_path={bucket}/files")
    assert there.writer("lake").night(1).status == "published"
    assert shared.world.night(1).status == "published"
    # The catalog knows where the files are.
    assert shared.content() == content(shared.world.warehouse.database)
    assert not Path(shared.address.removeprefix("ducklake:sqlite:") + ".files").exists()


def test_what_is_wrong_with_an_address_is_one_plain_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for address, said in {
        "leaderboard.duckdb": "is not a database: give ducklake:sqlite:PATH",
        "ducklake:mysql:db": "is not a database: give ducklake:sqlite:PATH",
        f"ducklake:sqlite:{tmp_path}/none.sqlite": "no run has published here yet",
        "ducklake:postgres:dbname=x host=127.0.0.1 port=9 password=hidden": "cannot be opened",
    }.items():
        assert main(["sql", "-w", str(tmp_path / "w"), "--database", address, "select 1"]) in (1, 2)
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1 and "hidden" not in error
