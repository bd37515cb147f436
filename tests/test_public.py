"""What others build on stays: a table or column of core and mart is listed, and leaves only after a stated day."""

from __future__ import annotations

import csv
import io

import duckdb
import pytest
from worlds import World

from leaderboard_etl.contracts.public import PUBLIC_SCHEMAS, public_columns, public_version


@pytest.fixture
def columns_of_today(empty: duckdb.DuckDBPyConnection) -> set[tuple[str, str, str]]:
    """Relation, column and type of all that a new database has in the public schemas."""
    query = """
        select schema_name || '.' || table_name, column_name, lower(data_type)
        from duckdb_columns() where list_contains($schemas, schema_name)
    """
    return {(name, column, kind) for name, column, kind in empty.execute(query, {"schemas": PUBLIC_SCHEMAS}).fetchall()}


def test_no_listed_table_or_column_is_gone_or_of_another_type(columns_of_today: set[tuple[str, str, str]]) -> None:
    listed = {(each.relation, each.column, each.sql_type) for each in public_columns()}
    gone = sorted(listed - columns_of_today)
    assert gone == [], (
        "others read these: keep them (docs/stability.md), and fill `now` and `kept_until` in sql/public.csv"
    )


def test_what_is_new_is_listed_under_the_next_version(columns_of_today: set[tuple[str, str, str]]) -> None:
    listed = {(each.relation, each.column, each.sql_type) for each in public_columns()}
    new = sorted(columns_of_today - listed)
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows((*row, public_version() + 1, "", "") for row in new)
    assert new == [], f"add these lines to sql/public.csv, sorted:\n{lines.getvalue()}"


def test_the_list_is_sorted_and_names_each_column_once() -> None:
    names = [(each.relation, each.column) for each in public_columns()]
    assert names == sorted(set(names))


def test_a_former_name_says_what_to_read_instead_and_until_when_it_stays() -> None:
    present = {f"{each.relation}.{each.column}" for each in public_columns() if each.now is None}
    for each in public_columns():
        assert (each.now is None) == (each.kept_until is None), f"{each.relation}.{each.column}: one without the other"
        assert each.now is None or each.now in present, f"{each.now} is no present column"


def test_a_published_file_says_its_public_version(standing: World) -> None:
    assert standing.query("select public_version from ops.build") == [(public_version(),)]
