"""How fast the marts answer: `python -m bench.queries WAREHOUSE [--scores N]`.

Times every table and view of the schema mart, every query of sql/queries and what `explain` looks up on a published warehouse,
warm and without process start, and the best of three counts. Of a query all columns of all rows are computed and counted, none is
transferred; of explain each way to name a model counts, and the whole answer for the official model with most scores. With
--scores a copy of the warehouse is filled up to N scores with copies of its models under other names, and the views that a run
keeps as tables are made from them; the tables of the analyses stay as they are. mart.changes is left out: it has a row for each
score ever stated, and is asked for a few loads. Prints one line per question, the slowest first.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.commands.explain import facts_of, model_id_of
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import Warehouse, resource
from leaderboard_etl.warehouse.called import called_alike
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
            asked = (*_questions(con), *_explanations(con))
            times = sorted(((_milliseconds(answer), name) for name, answer in asked), reverse=True)
    for milliseconds, name in times:
        print(f"{milliseconds:>9,.1f} ms  {name}")
    sys.exit(times[0][0] > MOST_MS)


def _questions(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Callable[[], object]]]:
    marts = con.execute(
        "select 'mart.' || table_name from (from duckdb_tables() select table_name, schema_name"
        " union all from duckdb_views() select view_name, schema_name) where schema_name = 'mart' order by all"
    ).fetchall()
    queries = sorted((resource("sql") / "queries").glob("*.sql"))
    for name, query in (
        *((name, f"from {name}") for (name,) in marts if name != "mart.changes"),
        *((f"sql/queries/{path.name}", path.read_text(encoding="utf-8")) for path in queries),
    ):
        counted = ", ".join('count("' + name.replace('"', '""') + '")' for name in con.sql(query).columns)
        yield name, partial(lambda whole: con.execute(whole).fetchall(), f"select {counted} from ({query}\n)")


def _explanations(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, Callable[[], object]]]:
    """What explain looks up, each with what it is."""
    [(model_id, display_name)] = con.execute(
        "select model_id, display_name from core.models join core.scores using (model_id) where population = 'official'"
        " group by all order by count(*) desc, model_id limit 1"
    ).fetchall()
    [(alias,)] = con.execute(
        "select min(source_name) from core.model_aliases where method = 'alias' and not contains(source_name, '~')"
    ).fetchall()
    names = {
        "id": model_id,
        "id in capitals": model_id.upper(),
        "name": display_name,
        "name without the owner": model_id.split("/")[-1],
        "name of a source": alias,
        "unknown name": "no such model 7b",
    }
    for kind, name in names.items():
        yield f"explain: {kind} ({name})", partial(_look_up, con, name)
    yield f"explain: whole answer ({model_id})", partial(facts_of, con, model_id, None)


def _look_up(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Finds which model a name means, and what is called alike, as explain does before it answers."""
    with suppress(UsageError):
        called_alike(con, name, model_id_of(con, name))


def _milliseconds(answer: Callable[[], object]) -> float:
    took = []
    for _ in range(_TRIES):
        started = time.perf_counter()
        answer()
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
