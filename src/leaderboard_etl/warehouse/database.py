"""Creates the tables, macros and views of a new database from the files in sql/."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import duckdb

from leaderboard_etl.contracts.schema import Relation, kept_views, tables, views, wide_views
from leaderboard_etl.settings import resource

SCHEMAS = ("raw", "history", "core", "mart", "ops")


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Creates schemas, tables, the views that stand for tables, and comments in one transaction, because eight hundred single
    statements would each wait for the disk."""
    statements = [f"create schema {schema}" for schema in SCHEMAS]
    for relation in (*tables().values(), *wide_views().values()):
        statements += creation(relation)
    con.execute(";\n".join(["begin", *statements, "commit"]))


def creation(relation: Relation) -> list[str]:
    """The statements that create a table or view and describe it."""
    return [relation.sql.strip().removesuffix(";"), *relation.comments()]


def create_views(con: duckdb.DuckDBPyConnection) -> None:
    """Creates the macros of sql/macros, and the views of sql/views with their comments, but for those that are tables
    here."""
    create_macros(con)
    there = kept_tables(con) | wide_views().keys()
    for name, view in views().items():
        if name in there:
            continue
        con.execute(view.sql)
        for comment in view.comments():
            con.execute(comment)


def kept_tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The names of the kept views that are tables in this database."""
    rows = con.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
    ).fetchall()
    return {name for (name,) in rows} & kept_views().keys()


def create_macros(con: duckdb.DuckDBPyConnection) -> None:
    """Creates the macros of sql/macros."""
    for file in sorted((resource("sql") / "macros").glob("*.sql")):
        con.execute(file.read_text(encoding="utf-8"))


def end_of_day(day: date) -> datetime:
    """The last instant of a day, naive UTC, in microseconds."""
    return datetime.combine(day, time.min) + timedelta(days=1) - timedelta(microseconds=1)
