"""The SQL files are the one registry of tables and columns: database, comments and registry must say the same."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from leaderboard_etl.contracts.schema import frame_schema, tables, views
from leaderboard_etl.settings import resource
from leaderboard_etl.warehouse.audit import checks
from leaderboard_etl.warehouse.database import create_tables, create_views


@pytest.fixture
def empty() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(":memory:")
    create_tables(con)
    create_views(con)
    return con


def test_the_database_has_the_columns_of_the_registry_and_no_others(empty: duckdb.DuckDBPyConnection) -> None:
    rows = empty.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() where not internal"
    ).fetchall()
    registered = {(r.name, c.name) for r in [*tables().values(), *views().values()] for c in r.columns}
    assert set(rows) == registered


def test_every_table_view_and_column_has_a_comment(empty: duckdb.DuckDBPyConnection) -> None:
    silent = empty.execute(
        """
        select table_name, column_name from duckdb_columns() where not internal and comment is null
        union all select table_name, '' from duckdb_tables() where not internal and comment is null
        union all select view_name, '' from duckdb_views() where not internal and comment is null
        """
    ).fetchall()
    assert silent == []


def test_no_table_has_a_primary_key(empty: duckdb.DuckDBPyConnection) -> None:
    assert empty.execute("select * from duckdb_constraints() where constraint_type = 'PRIMARY KEY'").fetchall() == []


def test_every_table_says_its_grain() -> None:
    silent = [r.name for r in [*tables().values(), *views().values()] if "One row" not in r.comment]
    assert silent == []


def test_staged_frames_take_their_dtypes_from_the_tables() -> None:
    schema = frame_schema("history.scores")
    assert schema["score_raw"] == pl.Float64()
    assert schema["evaluated_on"] == pl.Date()


def test_every_check_runs_on_an_empty_warehouse_and_finds_nothing(empty: duckdb.DuckDBPyConnection) -> None:
    assert checks()
    assert {check.name: empty.execute(check.sql).fetchall() for check in checks()} == {c.name: [] for c in checks()}


def test_every_worked_query_says_its_question_and_runs_on_an_empty_warehouse(empty: duckdb.DuckDBPyConnection) -> None:
    files = sorted((resource("sql") / "queries").glob("*.sql"))
    assert files
    for file in files:
        sql = file.read_text(encoding="utf-8")
        assert sql.startswith("-- "), file.name
        assert empty.execute(sql).fetchall() == [], file.name
