"""A rebuild or the next night brings a warehouse of every released version to the current version with the same
content, and older code does not change a newer warehouse."""

from __future__ import annotations

import importlib.util
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import duckdb
import pytest
from conftest import Faults
from faulty_hub import HubServer
from worlds import World, small_world

from leaderboard_etl import __version__, pipeline
from leaderboard_etl.cli import main
from leaderboard_etl.contracts.migrations import migrations, schema_version
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.raw.ledger import Ledger
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import SOURCES

FIXTURES = Path(__file__).parent / "fixtures"
RELEASED = sorted(FIXTURES.glob("warehouse-*.zip"))
_HELD = ("history.", "raw.", "ops.loads", "ops.load_sources", "ops.drift", "ops.quarantine")


def _made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_warehouse", FIXTURES / "make_warehouse.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=RELEASED, ids=lambda path: path.stem)
def brought(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Path]]:
    """(the warehouse of a release after `run --offline`, its published file before)."""
    folder = tmp_path_factory.mktemp("released")
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(folder / "warehouse")
    before = folder / "before.duckdb"
    (folder / "warehouse" / "leaderboard.duckdb").rename(before)
    before.chmod(0o444)
    (folder / "hub").mkdir()
    with HubServer(folder / "hub", intercept=Faults()) as server:
        world = small_world(folder, server.url)
        pipeline.rebuild(world.warehouse)
        yield world, before


def differences(before: Path, now: Path) -> dict[str, list[tuple[object, ...]]]:
    """By table, the rows of the older file's loads that only one of two files has, in the columns that both have."""
    found = {}
    with duckdb.connect(str(before), read_only=True) as con:
        con.execute(f"attach '{now}' as now (read_only)")
        columns = con.execute(
            """
            select schema_name || '.' || table_name as name, list(column_name order by column_index)
            from duckdb_columns()
            where database_name = 'before' and not internal
            group by all
            """
        ).fetchall()
        held = {name: names for name, names in columns if name.startswith(_HELD)}
        assert len(held) > 8
        for name, names in held.items():
            new = con.sql(f"from now.{name} limit 0").columns
            both = ", ".join(column for column in names if column in new)
            until = f"{'first_load_id' if name == 'raw.files' else 'load_id'} <= (select max(load_id) from before.ops.loads)"
            # A text in the released versions, 'unknown' where it is null now.
            typed = both.replace("has_chat_template", "try_cast(has_chat_template as boolean)")
            old, present = (f"(select {typed} from {catalog}.{name} where {until})" for catalog in ("before", "now"))
            query = f"(from {old} except all from {present}) union all (from {present} except all from {old})"
            found[name] = con.sql(query).fetchall()
    return {name: rows for name, rows in found.items() if rows}


def test_a_rebuild_brings_a_released_warehouse_to_the_current_version_with_the_same_content(
    brought: tuple[World, Path],
) -> None:
    world, before = brought
    assert differences(before, world.warehouse.database) == {}
    assert world.query("select schema_version from ops.build") == [(schema_version(),)]


def test_older_code_does_not_replace_a_file_that_only_a_rebuild_by_newer_code_made(
    brought: tuple[World, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rebuild writes no line into the ledger, so that only the file says what made it."""
    shutil.copytree(brought[0].warehouse.root, tmp_path / "newer")
    database = tmp_path / "newer" / "leaderboard.duckdb"
    database.chmod(0o644)
    with duckdb.connect(str(database)) as con:
        con.execute("update ops.build set schema_version = 99, code_version = '9.9.9+0'")
    published = database.read_bytes()
    for command in (["sql", "select 1"], ["run", "--offline"], ["doctor"], ["doctor", "--repair"]):
        assert main([command[0], "-w", str(tmp_path / "newer"), *command[1:]]) == 1, command
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and "made by leaderboard-etl 9.9.9 (schema 99)" in said, said
    night = replace(brought[0], warehouse=Warehouse(tmp_path / "newer"))
    with pytest.raises(WarehouseError, match="upgrade"):
        night.night(7)
    assert database.read_bytes() == published


def test_the_next_night_continues_a_released_warehouse(brought: tuple[World, Path]) -> None:
    world, before = brought
    old_lines = Ledger(world.warehouse.raw).path.read_bytes()
    _made().put_hub(world, 6)
    outcome = world.night(7)
    assert outcome.status in ("published", "degraded"), outcome.message
    lines = Ledger(world.warehouse.raw).path.read_bytes()
    assert lines.startswith(old_lines) and json.loads(lines[len(old_lines) :])["schema_version"] == schema_version()
    left = differences(before, world.warehouse.database)
    # Nothing changed at the Hub: the new load closes rules and curated rows of this project, and what the newer
    # code reads otherwise in model cards, and adds the sources that the release did not know; all other rows stay.
    curated = {"history.models", "history.parameter_claims", "history.scores"}
    assert set(left) <= {"history.policy_files", "raw.files"} | curated
    known = set(
        world.query("select source_id from ops.load_sources where load_id < (select max(load_id) from ops.loads)")
    )
    changed = {("reference",), ("model_cards",)} | ({(source_id,) for source_id in SOURCES} - known)
    for table in curated:
        touched = f"select distinct source_id from {table} where greatest(load_id, closed_load_id) = ("
        assert set(world.query(f"{touched}select max(load_id) from ops.loads)")) <= changed


def test_older_code_does_not_change_a_newer_warehouse(
    brought: tuple[World, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world, _ = brought
    folder = str(world.warehouse.root)
    line = Ledger(world.warehouse.raw).path.read_bytes()
    published = world.warehouse.database.read_bytes()
    monkeypatch.setattr("leaderboard_etl.contracts.migrations.schema_version", lambda: 1)
    for command in (["sql", "select 1"], ["run", "--offline"], ["status"], ["doctor"], ["check"]):
        assert main([command[0], "-w", folder, *command[1:]]) == 1, command
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and "upgrade" in said, said
        # The first line of the ledger, or the file, that such code does not know may be of any later version.
        assert f"this is {__version__} (schema 1)" in said
        assert any(f"(schema {version})" in said for version in range(2, schema_version() + 1))
    assert world.warehouse.database.read_bytes() == published
    monkeypatch.undo()
    assert Ledger(world.warehouse.raw).path.read_bytes() == line


def test_migrations_are_numbered_and_every_released_one_has_a_warehouse_to_try() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, schema_version() + 1))
    assert {migration.how for migration in migrations()} == {"first", "rebuild"}
    versions = {path.stem.removeprefix("warehouse-") for path in RELEASED}
    assert "0.1.0" in versions
    # The schema of an unreleased version is tested by the nights of the other tests.
    assert {migration.released for migration in migrations()[:-1]} <= versions
