"""Shared fixtures of the tests."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Set
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Polars reads this when it starts its threads. The frames of a small world leave nothing to a second one, and to wake it takes a
# twentieth of the time of a processor; a night of another process has them all.
os.environ["POLARS_MAX_THREADS"] = "1"

import duckdb
import polars as pl
import pytest
from card_world import Pass
from faulty_hub import HubServer, Request, Response
from filelock import FileLock
from hypothesis import HealthCheck, settings
from sourcing import without_fixture
from worlds import (
    World,
    after_first_night,
    copied,
    copy_database,
    empty_warehouse,
    small_world,
    v2_row,
    without_marts,
)

from leaderboard_etl import engine
from leaderboard_etl.contracts.schema import kept_views
from leaderboard_etl.export import recomputed
from leaderboard_etl.export.folder import write_snapshot
from leaderboard_etl.pipeline import fetching
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import PACKAGE, Warehouse
from leaderboard_etl.target import believed, opening
from leaderboard_etl.warehouse import build, results
from leaderboard_etl.warehouse.database import create_tables, create_views

pl.thread_pool_size()
del os.environ["POLARS_MAX_THREADS"]

# No deadlines, because the speed of the machine says nothing about the code. In CI the inputs are the same each time, so that a
# failure comes from the change; elsewhere they are new.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("any machine")


# The files that take longest come first, so that processes that share a run end it together, with short files.
_LONGEST = (
    *("core_news", "snapshot", "orchestration", "backfill", "night", "results", "first_nights", "hostile_hub"),
    *("doctor", "explain", "durable", "reliability", "cli", "termination", "elsewhere", "changes"),
    *("every_eval_ever", "snapshot_flow", "sql_safety", "growth", "publish", "past", "migrations", "mcp"),
    *("contents_sources", "replay", "rating_nights", "harness_results", "marts", "dask_runner", "batches"),
    *("sample_night", "every_eval_ever_out", "watching", "figures", "head_start", "claims", "report_page"),
    *("difference", "explorer", "hub_client", "memory", "compare", "repeats", "views", "history", "operations"),
    *("reading", "export", "card_round", "prompt"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts the files by _LONGEST, and leaves the others and the tests of a file in their order."""
    place = {f"test_{name}": at for at, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


def pytest_collection_finish() -> None:
    """What is imported by now stays until the end: to look for garbage in it takes a hundredth of a run."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


def pytest_sessionstart() -> None:
    """Without its fixture a source would fail every night of every test, so report the missing fixture once and
    stop."""
    if missing := without_fixture():
        pytest.exit("\n".join(missing), returncode=1)


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes into the cache of the user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True)
def _marts(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leaves the mart tables empty in tests that are marked so."""
    marker = request.node.get_closest_marker("marts")
    with without_marts() if marker is not None and marker.args == (False,) else nullcontext():
        yield


@pytest.fixture(autouse=True)
def _pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports are as where nothing can draw, except in tests that are marked so: pictures are most of what an export
    costs."""
    if request.node.get_closest_marker("pictures") is None:
        for module in ("snapshot", "verify"):
            monkeypatch.setattr(f"leaderboard_etl.export.{module}.can_draw", lambda: False)


@pytest.fixture(scope="session", autouse=True)
def _few_tracked_models() -> Iterator[None]:
    """Policy tracks four hundred models, which a small world does not have: to ask for all takes half of a night. A few stand for
    all; a night of another process asks for all."""
    few = set(sorted(fetching.tracked_models())[:5])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fetching, "tracked_models", lambda: set(few))
        yield


@dataclass
class Faults:
    """Answers that replace the Hub's: path fragment to Response."""

    answers: dict[str, Response] = field(default_factory=dict)

    def __call__(self, request: Request) -> Response | None:
        return next((answer for part, answer in self.answers.items() if part in request.path), None)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def server(tmp_path: Path, faults: Faults) -> Iterator[HubServer]:
    (tmp_path / "hub").mkdir()
    with HubServer(tmp_path / "hub", intercept=faults) as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, server: HubServer) -> World:
    """Both tables with thirty models each, so that a tenth of them is more than one row."""
    return small_world(tmp_path, server.url)


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder made once for a run of pytest, which tests only read: empty.duckdb has every table, macro and view and no rows,
    tables.duckdb the tables alone. To make one takes half a second, because of its twelve hundred comments; a copy takes a
    fiftieth of that (worlds.empty_warehouse)."""

    def make(folder: Path) -> Path:
        for name, makes in (("tables", (create_tables,)), ("empty", (create_tables, create_views))):
            with duckdb.connect(str(folder / f"{name}.duckdb")) as con:
                for each in makes:
                    each(con)
        return folder

    return _made_once(tmp_path_factory, "schemas", make)


@pytest.fixture(scope="session")
def schema_file(schemas: Path) -> Path:
    """A file with every table, macro and view and no rows, which tests only read."""
    return schemas / "empty.duckdb"


@pytest.fixture(scope="session", autouse=True)
def _tables_by_copy(schema_file: Path) -> Iterator[None]:
    """Nights and past days get their tables and views as a copy of those that create_tables and create_views made once: a fifth
    of a night goes into views and comments. Of a past day of which only some relations are asked for the views are made, as is
    all in a night of another process."""

    def copy_past(con: duckdb.DuckDBPyConnection, *, is_described: bool = True) -> None:
        copy_database(schema_file if is_described else schema_file.with_name("tables.duckdb"), con)

    def make_past_views(con: duckdb.DuckDBPyConnection, needs: Set[str] | None = None) -> None:
        if needs is not None:
            create_views(con, needs=needs)

    def carry_results(con: duckdb.DuckDBPyConnection, *given: Any, **named: Any) -> None:
        """The views that are carried as tables may be there already."""
        con.execute("; ".join(f"drop view if exists {name}" for name in kept_views()))
        carry(con, *given, **named)

    carry = results.carry_results
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(build, "create_tables", lambda con, **_: copy_database(schema_file, con))
        patched.setattr(build, "describe_tables", lambda con: None)
        patched.setattr(build, "create_views", lambda con: None)
        patched.setattr(believed, "carry_results", carry_results)
        patched.setattr(opening, "create_tables", copy_past)
        patched.setattr(opening, "create_views", make_past_views)
        patched.setattr(results, "carry_results", carry_results)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """A small world fills no table so far that a second thread of DuckDB had anything to do, and starting and ending it takes a
    tenth of a night. A night of another process has them all."""
    opened = engine._without_bar

    def with_one_thread(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        con.execute("set threads = 1")
        return opened(con)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine, "_without_bar", with_one_thread)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_second_process() -> Iterator[None]:
    """What verify makes of a small world without pictures takes less time than a second process takes to begin. Tests of the
    second process have it, and a verify of another process."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(recomputed, "LEAST_SCORES", sys.maxsize)
        yield


@pytest.fixture
def empty(schema_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new warehouse in memory with every table, macro and view and no rows."""
    with empty_warehouse(schema_file) as con:
        yield con


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small world after its first night."""
    return _made_once(tmp_path_factory, "first_night", after_first_night)


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of Prefect with its empty database, to be copied into the folders of runs whose test is not how a new one is made:
    to make it takes longer than to start a server."""
    code = (
        "import asyncio, sys; from pathlib import Path; from leaderboard_etl.prefect_api import prefect_settings\n"
        "with prefect_settings(Path(sys.argv[1])):\n"
        "    from prefect.server.database import provide_database_interface\n"
        "    asyncio.run(provide_database_interface().create_db())"
    )

    def make(folder: Path) -> Path:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        path = os.pathsep.join([str(PACKAGE.parent), *sys.path])
        subprocess.run([sys.executable, "-c", code, str(folder)], env={**kept, "PYTHONPATH": path}, check=True)
        return folder

    return _made_once(tmp_path_factory, "prefect_home", make)


def _made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Path]) -> Path:
    """A folder that one process of a run of pytest makes for all."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            make(factory.mktemp(name)).rename(folder)
    return folder


@pytest.fixture(scope="session")
def standing(first_night: Path) -> World:
    """The small world after its first night, for tests that only read it; its Hub does not answer."""
    return World(first_night / "hub", "http://127.0.0.1:9", Warehouse(first_night / "warehouse"))


@pytest.fixture(scope="session")
def drawn(standing: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a snapshot of the standing world with pictures, made once for a run of pytest and only read: to draw them
    takes longer than a night."""

    def make(folder: Path) -> Path:
        write_snapshot(standing.warehouse, folder, None)
        return folder

    return _made_once(tmp_path_factory, "drawn", make)


@pytest.fixture(scope="session")
def good_and_bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a world after a night with a good and a bad score, made once for a run of pytest and only copied."""
    rows = v2_row("org/bad", 1e9), v2_row("org/good-7b", 0.5)

    def make(folder: Path) -> Path:
        return after_first_night(folder, lambda world: world.put_v2(*rows))

    return _made_once(tmp_path_factory, "good_and_bad", make)


@pytest.fixture
def published(first_night: Path, tmp_path: Path, server: HubServer) -> World:
    """A copy of the small world after its first night, with a Hub of its own."""
    return copied(first_night, tmp_path, server.url)


@pytest.fixture
def cards(tmp_path: Path, server: HubServer) -> Iterator[Pass]:
    with BlobStore(tmp_path / "raw") as store:
        yield Pass(tmp_path / "hub", server, store)
