"""`explain --mart`: rows of a mart, each column with its meaning, and the commands that explain its models."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from leaderboard_etl.commands.display import plain, print_json, print_records, records
from leaderboard_etl.commands.hints import of_warehouse
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import Warehouse

if TYPE_CHECKING:
    import duckdb

_MOST_ROWS = 20


def explain_mart(warehouse: Warehouse, mart: str, key: str, *, as_of: date | None, as_json: bool) -> int:
    """Prints the rows of `mart` that have `key` in a text column, ignoring letter case: each value with its meaning.

    Raises UsageError with all names if the mart is unknown, and if no row has the key.
    """
    from leaderboard_etl.target.past import open_state

    with open_state(warehouse, as_of, "mart") as con:
        name = mart.removeprefix("mart.")
        columns = _columns(con, name)
        rows = _rows(con, name, columns, key)
    if as_json:
        print_json([{column: {"value": row[column], "meaning": columns[column][1]} for column in row} for row in rows])
        return 0
    for row in rows[:_MOST_ROWS]:
        print_records(
            [{"column": column, "value": plain(row[column]), "meaning": columns[column][1]} for column in row],
            title=f"mart.{name}",
            below=("meaning",),
        )
    if len(rows) > _MOST_ROWS:
        print(f"\n{len(rows) - _MOST_ROWS} more rows have {plain(key)}; a narrower key, or --json, shows them")
    for model in sorted({str(row[c]) for row in rows for c in row if c.endswith("model_id") and row[c] is not None})[
        :5
    ]:
        print(f"\nwhere its values came from: {of_warehouse(warehouse, 'explain', plain(model))}")
    return 0


def _columns(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, tuple[str, str]]:
    """The type and the meaning of every column of a mart."""
    columns = con.execute(
        "select column_name, data_type, comment from duckdb_columns()"
        " where schema_name = 'mart' and table_name = $name order by column_index",
        {"name": name},
    ).fetchall()
    if columns:
        return {column: (kind, meaning or "") for column, kind, meaning in columns}
    names = con.execute("select distinct table_name from duckdb_columns() where schema_name = 'mart' order by all")
    raise UsageError(f"no mart {name!r}; there are: {', '.join(row[0] for row in names.fetchall())}")


def _rows(
    con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, tuple[str, str]], key: str
) -> list[dict[str, Any]]:
    texts = [f'lower("{column}") = lower($key)' for column, (kind, _) in columns.items() if kind == "VARCHAR"]
    rows: list[dict[str, Any]] = []
    if texts:
        rows = records(con.sql(f'from mart."{name}" where {" or ".join(texts)} order by all', params={"key": key}))
    if not rows:
        raise UsageError(f"no row of mart.{name} has {key!r} in a text column")
    return rows
