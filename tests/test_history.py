"""History opens rows that are new, closes rows that are no longer stated, and leaves repeated rows unchanged."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import empty_warehouse

from leaderboard_etl import engine
from leaderboard_etl.sources.base import parsed_frame
from leaderboard_etl.sources.measured import narrow
from leaderboard_etl.warehouse.carried import copy_until
from leaderboard_etl.warehouse.database import create_tables
from leaderboard_etl.warehouse.history import merge, never_stated
from leaderboard_etl.warehouse.measurements import merge_measured

PLACE = {"repo_type": "dataset", "repo_id": "o/n", "path": "t.parquet"}


@pytest.fixture
def con(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    return empty


def night(number: int) -> datetime:
    return datetime(2025, 1, number, 3)


def scores(values: dict[str, float], *, revision: str = "r1", path: str = "t.parquet") -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "source_id": "s",
            "source_name": name,
            "variant_id": "v",
            "precision": "bfloat16",
            "has_chat_template": False,
            "run_id": "n/a",
            "score_raw": value,
            "score_unit": "percent",
            "reported_by": "leaderboard",
            **PLACE,
            "path": path,
            "revision": revision,
            "blob_id": revision,
            "locator": f"row {number}",
        }
        for number, (name, value) in enumerate(values.items())
    ]
    return (
        parsed_frame("scores", pl.DataFrame(rows)) if rows else parsed_frame("scores", pl.DataFrame({"source_id": []}))
    )


def load(con: duckdb.DuckDBPyConnection, number: int, parsed: pl.DataFrame, *paths: str) -> tuple[int, int]:
    """The numbers of opened and closed rows; checks that the open rows are the parsed ones."""
    scope = pl.DataFrame([{**PLACE, "path": path} for path in paths or ("t.parquet",)])
    held, opened, closed = merge(con, "scores", parsed, "s", scope, load_id=number, as_of_at=night(number))
    assert held == parsed.height
    return opened, closed


def stored(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """Where and how the file holds each column of the first 122,880 scores."""
    con.execute("checkpoint")
    query = (
        "select column_name, segment_type, segment_id, compression, block_id, block_offset"
        " from pragma_storage_info('history.scores') where row_group_id = 0 order by all"
    )
    return con.execute(query).fetchall()


def believed(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    return dict(con.execute("select source_name, score_raw from history.scores where valid_to is null").fetchall())


def test_a_changed_score_closes_the_old_row_and_opens_a_new_one(con: duckdb.DuckDBPyConnection) -> None:
    load(con, 1, scores({"a": 1.0, "b": 2.0}))
    assert load(con, 2, scores({"a": 1.5, "b": 2.0}, revision="r2")) == (1, 1)
    rows = con.execute("select score_raw, valid_from, valid_to, load_id, closed_load_id from history.scores"
                       " where source_name = 'a' order by valid_from").fetchall()  # fmt: skip
    assert rows == [(1.0, night(1), night(2), 1, 2), (1.5, night(2), None, 2, None)]


def test_a_source_stated_what_an_earlier_load_opened_and_a_later_one_closed(con: duckdb.DuckDBPyConnection) -> None:
    targets = ("scores", "subtask_scores", "models")
    load(con, 2, scores({"a": 1.0}))
    task = [
        pl.lit(text).alias(column) for column, text in {"task": "t", "metric": "acc", "metric_filter": "none"}.items()
    ]
    measured = narrow(parsed_frame("subtask_scores", scores({"a": 1.0}).with_columns(task)))
    scope = pl.DataFrame([PLACE])
    merge_measured(con, measured, "s", scope, load_id=3, as_of_at=night(3), is_first=True)
    load(con, 4, scores({}))
    merge_measured(con, narrow(measured.wide().clear()), "s", scope, load_id=4, as_of_at=night(4))
    stated = {number: set(targets) - never_stated(con, targets, "s", number) for number in (2, 3, 4, 5)}
    assert stated == {2: set(), 3: {"scores"}, 4: {"scores", "subtask_scores"}, 5: {"scores", "subtask_scores"}}
    assert never_stated(con, targets, "another", 5) == set(targets)


def test_a_repeated_row_keeps_the_commit_at_which_it_was_first_seen(con: duckdb.DuckDBPyConnection) -> None:
    load(con, 1, scores({"a": 1.0}))
    assert load(con, 2, scores({"z": 9.0, "a": 1.0}, revision="r2")) == (1, 0)
    assert con.execute("select revision, locator from history.scores where source_name = 'a'").fetchall() == [
        ("r1", "row 0")
    ]


def test_a_row_that_vanished_is_closed_and_kept(con: duckdb.DuckDBPyConnection) -> None:
    load(con, 1, scores({"a": 1.0, "b": 2.0}))
    assert load(con, 2, scores({"a": 1.0})) == (0, 1)
    assert believed(con) == {"a": 1.0}
    assert con.execute("select count(*) from history.scores").fetchone() == (2,)


def test_a_closed_row_leaves_what_the_file_holds_of_its_neighbours_as_it_is(tmp_path: Path) -> None:
    with engine.create(tmp_path / "t.duckdb") as con:
        create_tables(con)
        load(con, 1, scores({"a": 1.0}))
        con.execute(
            "insert into history.scores"
            " select s.* replace (s.source_name || r.number as source_name, 'other' as path)"
            " from history.scores as s, range(300000) as r(number)"
        )
        before = stored(con)
        assert load(con, 2, scores({"a": 2.0}, revision="r2")) == (1, 1)
        assert stored(con) == before
        closed = con.execute("select source_name, score_raw from history.scores where closed_load_id = 2").fetchall()
        assert closed == [("a", 1.0)]


def test_one_of_two_identical_quarantined_records_can_leave_quarantine(con: duckdb.DuckDBPyConnection) -> None:
    twice = [
        {"source_id": "s", "target": "scores", "rule": "r", "reason": "w", "offending_text": "x", **PLACE}
        | {"path": "t.parquet", "revision": "r1", "blob_id": "r1", "locator": locator}
        for locator in ("row 1", "row 2")
    ]
    scope = pl.DataFrame([{**PLACE, "path": "t.parquet"}])
    held = []
    for number, rows in enumerate([twice, twice, twice[1:]], 1):
        parsed = parsed_frame("quarantine", pl.DataFrame(rows))
        held.append(merge(con, "quarantine", parsed, "s", scope, load_id=number, as_of_at=night(number)))
    assert held == [(2, 2, 0), (2, 0, 0), (1, 0, 1)]


def test_files_that_did_not_change_are_left_alone(con: duckdb.DuckDBPyConnection) -> None:
    load(con, 1, scores({"a": 1.0}, path="one"), "one")
    load(con, 2, scores({"b": 2.0}, path="two"), "two")
    assert believed(con) == {"a": 1.0, "b": 2.0}


def test_a_file_that_is_gone_takes_its_rows_with_it(con: duckdb.DuckDBPyConnection) -> None:
    load(con, 1, scores({"a": 1.0}, path="one"), "one")
    assert load(con, 2, scores({}), "one") == (0, 1)
    assert believed(con) == {}


def test_a_value_that_comes_back_opens_a_new_interval(con: duckdb.DuckDBPyConnection) -> None:
    for number, value in enumerate([1.0, 2.0, 1.0], 1):
        load(con, number, scores({"a": value}))
    rows = con.execute("select score_raw, valid_to is null from history.scores order by valid_from").fetchall()
    assert rows == [(1.0, False), (2.0, False), (1.0, True)]


states = st.lists(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([1.0, 2.0, 3.0]), max_size=6), min_size=1, max_size=6
)


@given(nights=states)
@settings(max_examples=30)
def test_history_as_of_any_night_is_what_the_source_stated_that_night(
    schema_file: Path, nights: list[dict[str, float]]
) -> None:
    con = empty_warehouse(schema_file)
    for number, state in zip(range(1, 2 * len(nights), 2), nights, strict=True):
        load(con, number, scores(state, revision=f"r{number}"))
        # Loading the same again changes nothing.
        assert load(con, number + 1, scores(state, revision=f"r{number}b")) == (0, 0)
    for number, state in zip(range(1, 2 * len(nights), 2), nights, strict=True):
        at = con.execute(
            "select source_name, score_raw from history.scores"
            " where valid_from <= $at and (valid_to is null or valid_to > $at)",
            {"at": night(number)},
        ).fetchall()
        assert dict(at) == state and len(at) == len(state)


def test_a_copy_until_a_night_is_the_history_that_was_known_then(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("attach ':memory:' as past")
    con.execute("use past")
    create_tables(con)
    for number, value in enumerate([1.0, 2.0], 1):
        con.execute(
            "insert into ops.loads values (?, 'nightly', 'published', ?, 'sample', '0', null, false)",
            [number, night(number)],
        )
        load(con, number, scores({"a": value}))
    con.execute("use memory")
    copy_until(con, "past", night(1))
    assert con.execute("select score_raw, valid_to, closed_load_id from history.scores").fetchall() == [
        (1.0, None, None)
    ]
    assert con.execute("select load_id from ops.loads").fetchall() == [(1,)]
