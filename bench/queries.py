"""How fast the marts answer: `python -m bench.queries WAREHOUSE [--scores N]`.

Times every table and view of the schema mart and every query of sql/queries on a published warehouse, warm and without process
start: all columns of all rows are computed and counted, none is transferred, and the best of three counts. With --scores a copy
of the warehouse is filled up to N scores with copies of its models under other names, and the views that a run keeps as tables
are made from them; the tables of the analyses stay as they are. mart.changes is left out: it has a row for each score ever
stated, and is asked for a few loads. Prints one line per question, the slowest first.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.settings import Warehouse, resource
from leaderboard_etl.warehouse.marts import keep_views

MOST_MS = 100
_TRIES = 3
# The tables that grow with the models, and the columns that name a model or what belongs to it alone.
_COPIED = {
    "core.models": ("model_id", "display_name", "family", "base_model_id"),
    "core.model_aliases": ("source_name", "model_id"),
    "core.model_bases": ("model_id", "base_model_id"),
    "core.parameter_evidence": ("model_id", "source_name"),
    "core.scores": ("model_id", "source_name"),
    "core.ratings": ("model_id", "source_name"),
    "history.models": ("source_name",),
}


def main() -> None:
    """Prints the times; the exit code is 1 if any question takes longer than MOST_MS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--scores", type=int, help="fill a copy up to so many scores")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Warehouse(arguments.warehouse).database
        if arguments.scores:
            database = _filled(database, Path(folder) / "filled.duckdb", arguments.scores)
        with engine.open_file(database) as con:
            [(n_scores,)] = con.execute("select count(*) from core.scores").fetchall()
            print(f"{n_scores:,} scores, {database.stat().st_size / 1e6:,.0f} MB")
            times = sorted(((_milliseconds(con, query), name) for name, query in _questions(con)), reverse=True)
    for milliseconds, name in times:
        print(f"{milliseconds:>9,.1f} ms  {name}")
    sys.exit(times[0][0] > MOST_MS)


def _questions(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    marts = con.execute(
        "select 'mart.' || table_name from (from duckdb_tables() select table_name, schema_name"
        " union all from duckdb_views() select view_name, schema_name) where schema_name = 'mart' order by all"
    ).fetchall()
    queries = sorted((resource("sql") / "queries").glob("*.sql"))
    return [
        *((name, f"from {name}") for (name,) in marts if name != "mart.changes"),
        *((f"sql/queries/{path.name}", path.read_text(encoding="utf-8")) for path in queries),
    ]


def _milliseconds(con: duckdb.DuckDBPyConnection, query: str) -> float:
    columns = con.sql(query).columns
    counted = ", ".join('count("' + name.replace('"', '""') + '")' for name in columns)
    took = []
    for _ in range(_TRIES):
        started = time.perf_counter()
        con.execute(f"select {counted} from ({query}\n)").fetchall()
        took.append(1000 * (time.perf_counter() - started))
    return min(took)


def _filled(published: Path, copy: Path, n_scores: int) -> Path:
    """A copy with further models, and marts made from all of them."""
    shutil.copy(published, copy)
    copy.chmod(0o644)
    with duckdb.connect(str(copy)) as con:
        [(n_own,)] = con.execute("select count(*) from core.scores").fetchall()
        for name, own in _COPIED.items():
            rows = con.execute(f"describe {name}").fetchall()
            columns = ", ".join(f"{row[0]} || '~' || copy as {row[0]}" if row[0] in own else row[0] for row in rows)
            condition = "where valid_to is null" if name.startswith("history.") else ""
            con.execute(
                f"insert into {name} select {columns} from {name} cross join range(1, ?) as copies(copy) {condition}",
                [-(-n_scores // n_own)],
            )
        started = time.perf_counter()
        keep_views(con)
        print(f"kept views made in {time.perf_counter() - started:.1f} s")
        started = time.perf_counter()
        keep_views(con)
        print(f"found unchanged in {time.perf_counter() - started:.1f} s")
    return copy


if __name__ == "__main__":
    main()
