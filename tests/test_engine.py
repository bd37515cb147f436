"""A file under construction: it has no log, and can be read while it is written out."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import pytest

from leaderboard_etl import engine


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "staging.duckdb"


def test_a_file_under_construction_has_no_log_and_holds_everything_when_it_is_closed(
    file: Path, tmp_path: Path
) -> None:
    with engine.create(file) as con:
        con.execute("create table numbers as select range as n from range(1000)")
        con.execute("insert into numbers select range from range(1000, 2000)")
        assert list(tmp_path.iterdir()) == [file]
    with engine.open_file(file) as con:
        assert con.execute("select count(*), max(n) from numbers").fetchall() == [(2000, 1999)]


def test_what_is_committed_is_written_out_while_the_same_connection_reads_and_what_it_writes_waits(file: Path) -> None:
    with engine.create(file) as con:
        con.execute("create table numbers as select range as n, hash(range) as said from range(300_000)")
        before_bytes = file.stat().st_size
        with engine.writing_out(con):
            assert con.execute("select count(*) from numbers").fetchall() == [(300_000,)]
            con.execute("create table names as select 'a' as name")
        assert file.stat().st_size > before_bytes
        assert con.execute("from names").fetchall() == [("a",)]


def test_what_a_block_writes_when_the_writing_out_begins_does_not_end_it(file: Path) -> None:
    with engine.create(file) as con:
        con.execute("create table numbers as select range as n, hash(range) as said from range(300_000)")
        before_bytes = file.stat().st_size
        con.begin()
        con.execute("create table names as select 'a' as name")
        with engine.writing_out(con):
            time.sleep(0.2)
            con.commit()
        assert file.stat().st_size > before_bytes


def test_what_cannot_be_written_out_is_an_error_of_the_block(file: Path) -> None:
    with engine.create(file) as con, con.cursor() as other:
        other.execute(f"use {con.execute('select current_database()').fetchall()[0][0]}; begin; create table t (n int)")
        with pytest.raises(duckdb.TransactionException), engine.writing_out(con):
            pass


def test_writing_out_leaves_a_transaction_open_if_one_was(file: Path) -> None:
    with engine.create(file) as con:
        con.execute("create table numbers (n int)")
        engine.write_out(con)
        con.begin()
        con.execute("insert into numbers values (1)")
        engine.write_out(con)
        con.execute("insert into numbers values (2)")
        con.rollback()
        assert con.execute("from numbers").fetchall() == [(1,)]
