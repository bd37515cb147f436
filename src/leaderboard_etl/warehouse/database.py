"""Creates the tables, macros and views of a new database from the files in sql/."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta

import duckdb

from leaderboard_etl.contracts.schema import Relation, kept_views, tables, views, wide_views
from leaderboard_etl.settings import resource

SCHEMAS = ("raw", "history", "core", "mart", "ops")


def create_tables(con: duckdb.DuckDBPyConnection, *, is_described: bool = True) -> None:
    """Creates schemas, tables and the views that stand for tables in one transaction. Without comments unless `is_described`."""
    statements = [f"create schema {schema}" for schema in SCHEMAS]
    for relation in (*tables().values(), *wide_views().values()):
        statements.append(relation.sql.strip().removesuffix(";"))
    con.execute(";\n".join(["begin", *statements, "commit"]))
    if is_described:
        describe_tables(con)


def describe_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Writes the comments of tables, and of the views that stand for tables, in one transaction, because nine hundred single
    statements would each wait for the disk."""
    statements = (
        comment for relation in (*tables().values(), *wide_views().values()) for comment in relation.comments()
    )
    con.execute(";\n".join(["begin", *statements, "commit"]))


def creation(relation: Relation) -> list[str]:
    """The statements that create a table or view and describe it."""
    return [relation.sql.strip().removesuffix(";"), *relation.comments()]


def link_tables(con: duckdb.DuckDBPyConnection, catalog: str, needs: Collection[str] | None = None) -> None:
    """Creates schemas and all that this code makes from tables, and in the place of each table a view of the one in an attached
    database: of that only the rows are read. Of the views only those among `needs`, with what they are made from; null: all."""
    kept = [name for name in kept_views() if needs is None or name in needs]
    link_queries(con, {name: f"from {catalog}.{name}" for name in tables()})
    for name in kept:
        con.execute(f"create view {name} as from {catalog}.{name}")
    create_views(con, there=kept, needs=needs)


def link_queries(con: duckdb.DuckDBPyConnection, queries: Mapping[str, str]) -> None:
    """Creates schemas, a view for each of the queries in the place of the table by whose name it is given, the other tables
    empty, and the views that stand for tables."""
    statements = [f"create schema {schema}" for schema in SCHEMAS]
    for relation in (*tables().values(), *wide_views().values()):
        query = queries.get(relation.name)
        statements.append(
            relation.sql.strip().removesuffix(";") if query is None else f"create view {relation.name} as {query}"
        )
    con.execute(";\n".join(statements))


def create_views(
    con: duckdb.DuckDBPyConnection, there: Collection[str] | None = None, needs: Collection[str] | None = None
) -> None:
    """Creates the macros of sql/macros, and the views of sql/views with their comments, but for those that are `there`; null:
    that are tables here. Of the views only those among `needs`; null: all."""
    create_macros(con)
    made = {*(kept_tables(con) if there is None else there), *wide_views()}
    for name, view in views().items():
        if name in made or (needs is not None and name not in needs):
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
