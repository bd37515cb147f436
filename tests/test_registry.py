"""The SQL files are the only registry of tables and columns: database, comments and registry must agree."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from leaderboard_etl.contracts.schema import (
    Column,
    Relation,
    _with_full_texts,
    _written,
    frame_schema,
    tables,
    views,
)
from leaderboard_etl.errors import EtlError
from leaderboard_etl.policy.schema import policy_tables
from leaderboard_etl.settings import PACKAGE, resource
from leaderboard_etl.sources.reporters import REPORTERS
from leaderboard_etl.warehouse.audit import checks
from leaderboard_etl.warehouse.database import create_tables, create_views


def catalog(con: duckdb.DuckDBPyConnection) -> list[list[tuple[Any, ...]]]:
    """Everything that a database says of its tables, columns, constraints, views and macros."""
    own = "where database_name = current_database() and not internal order by all"
    return [
        con.execute(query).fetchall()
        for query in (
            f"select schema_name, table_name, comment, sql from duckdb_tables() {own}",
            "select schema_name, table_name, column_name, column_index, data_type, is_nullable, comment"
            f" from duckdb_columns() {own}",
            "select schema_name, table_name, constraint_text from duckdb_constraints() order by all",
            f"select schema_name, view_name, comment from duckdb_views() {own}",  # a copied query is printed otherwise
            f"select function_name, parameters, macro_definition from duckdb_functions() {own}",
        )
    ]


def test_the_copy_that_tests_begin_with_is_the_warehouse_that_the_code_makes(empty: duckdb.DuckDBPyConnection) -> None:
    with duckdb.connect(":memory:") as con:
        create_tables(con)
        create_views(con)
        made = catalog(con)
    assert catalog(empty) == made and all(made)


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


def test_a_column_that_repeats_another_has_its_full_text_in_the_database(empty: duckdb.DuckDBPyConnection) -> None:
    comments = dict(
        empty.execute(
            "select schema_name || '.' || table_name || '.' || column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
    )
    assert comments["core.scores.precision"] == comments["history.scores.precision"]
    assert comments["mart.gap_frontier.model"] == comments["core.models.display_name"]
    assert comments["mart.scaling_fit.population"].startswith(comments["mart.populations.population"] + "; also ")
    assert [place for place, text in comments.items() if text.lower().startswith(("as in", "="))] == []


def test_text_shared_by_columns_of_one_name_is_written_once() -> None:
    written: dict[tuple[str, str], list[str]] = {}
    for relation in _written().values():
        for column in relation.columns:
            if not column.comment.startswith("= "):
                written.setdefault((column.name, column.comment), []).append(relation.name)
    assert {place: names for place, names in written.items() if len(names) > 1} == {}


def test_a_reference_to_an_unknown_column_names_its_file() -> None:
    nowhere = Column("precision", "varchar", True, "= history.nothing")
    relation = Relation("core.scores", "table", "", (nowhere,), "", Path("core.sql"))
    with pytest.raises(
        EtlError, match=r"core\.sql: core\.scores\.precision: there is no column history\.nothing\.precision"
    ):
        _with_full_texts(relation)


def test_every_listed_value_is_in_the_comment() -> None:
    closed = [(r, c) for r in [*tables().values(), *views().values()] for c in r.columns if c.allowed]
    assert len(closed) > 60
    assert [(r.name, c.name, value) for r, c in closed for value in c.allowed if value not in c.comment] == []


def test_an_unlisted_value_is_a_warning_and_does_not_stop_a_night(empty: duckdb.DuckDBPyConnection) -> None:
    values = ["policy", "verdicts", "a claim", "changed", False]
    empty.execute("insert into ops.drift values (1, ?, ?, ?, ?, ?)", values)
    check = next(check for check in checks() if check.name == "values_are_listed")
    assert empty.execute(check.sql).fetchall() == [("ops.drift", "kind", "verdicts", 1)]
    assert check.severity == "warn"


def test_unlisted_values_of_all_tables_are_counted_and_a_null_is_none(empty: duckdb.DuckDBPyConnection) -> None:
    for kind in ("verdicts", "verdicts", "changed", "verdict"):
        empty.execute("insert into ops.drift values (1, 'policy', ?, 'a claim', 'changed', false)", [kind])
    empty.execute("insert into ops.replaced_rows values (1, 'names', 'a name', '[]')")
    empty.execute("insert into core.sources by name select 'a' as source_id, 'A' as title, 'space' as repo_type,"
        " null as leaderboard, 'hub' as names, false as has_repeated_sizes, false as has_editions,"
        " false as has_dated_past, true as is_braked, '' as left_out, '' as left_out_because")  # fmt: skip
    check = next(check for check in checks() if check.name == "values_are_listed")
    assert empty.execute(check.sql).fetchall() == [
        ("ops.drift", "kind", "changed", 1),
        ("ops.drift", "kind", "verdicts", 2),
        ("ops.replaced_rows", "kind", "names", 1),
    ]


def test_the_kinds_of_drift_that_the_code_writes_are_the_listed_ones() -> None:
    calls = (node for file in PACKAGE.rglob("*.py") for node in ast.walk(ast.parse(file.read_bytes())))
    kinds = {
        call.args[1].value
        for call in calls
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Drift"
        if len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    }
    assert kinds == set(next(c for c in tables()["ops.drift"].columns if c.name == "kind").allowed)


def test_the_reporters_are_the_listed_ones() -> None:
    listed = next(column.allowed for column in tables()["history.scores"].columns if column.name == "reported_by")
    assert {reporter.reported_by for reporter in REPORTERS} == set(listed)


@pytest.mark.parametrize(
    ("policy", "table", "columns"),
    [
        ("benchmarks", "core.benchmarks", ("scale", "norm_rule", "aggregation")),
        ("licenses", "core.models", ("license_class",)),
        ("reference_models", "core.models", ("openness", "tuning")),
        ("reference_scores", "history.scores", ("score_unit",)),
        ("parameter_overrides", "history.parameter_claims", ("kind",)),
        ("article_table", "mart.article_table", ("cell",)),
    ],
)
def test_values_allowed_in_policy_are_listed_by_its_table(policy: str, table: str, columns: tuple[str, ...]) -> None:
    stated = {column.name: column.allowed for column in policy_tables()[policy].columns}
    listed = {column.name: column.allowed for column in tables()[table].columns}
    assert [name for name in columns if not set() < set(stated[name]) <= set(listed[name])] == []


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
