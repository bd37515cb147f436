"""core and marts at the end of a past day, from those of now: only the names that later loads reach are judged again.

For core it is update_core backwards: where nights kept what they replaced (replaced), that stands in its place again. Else what
the loads after the day say reaches some names (normalize/reach.py). What sources had stated of these by that day is judged alone,
and stands in the place of what core says of them now; all other rows are those of now. So a past day costs what the news since
then costs. Where policy or code differ from those of now, all names are judged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import duckdb

from leaderboard_etl import engine
from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.warehouse import replaced
from leaderboard_etl.warehouse.carried import copy_names_until, copy_until, until_queries
from leaderboard_etl.warehouse.database import create_tables, create_views, end_of_day, link_queries
from leaderboard_etl.warehouse.replaced import OF_MODELS, OF_NAMES, OLDEST, SETTINGS, core_before, fill_oldest, is_kept

# What was judged again, in the database with its rows; in one with all names they are absent.
_NAMES, _MODELS = "main.judged_names", "main.judged_models"

_MAKING = "making"


def core_tables() -> list[str]:
    """The tables of core."""
    return [name for name, table in tables().items() if table.schema == "core"]


def judge_past(con: duckdb.DuckDBPyConnection, catalog: str, at: datetime, *, is_same_code: bool) -> None:
    """Fills the current database, an empty one, with what `past_core` shows of core at `at` beside the published tables in the
    attached `catalog`. `is_same_code`: this version of the code made those."""
    [(since,)] = con.execute(f"select max(load_id) from {catalog}.ops.loads where as_of_at <= ?", [at]).fetchall()
    [(is_other_policy,)] = con.execute(
        f"select count(*) > 0 from {catalog}.history.policy_files where load_id > $since or closed_load_id > $since",
        {"since": since},
    ).fetchall()
    if not is_same_code or is_other_policy:
        _judge_all(con, catalog, at)
    elif is_kept(con, catalog, since):
        fill_oldest(con, catalog, since)
    else:
        _judge_reached(con, catalog, at, since)


def touched_models(con: duckdb.DuckDBPyConnection, catalog: str, judged: str) -> list[str] | None:
    """The only models of which core says something else at that moment than now; null: not known, or too many to ask for one by
    one, or what is said of all of them differs."""
    return replaced.touched_models(con, catalog, judged) if (OLDEST,) in _tables_in(con, judged) else None


def past_core(con: duckdb.DuckDBPyConnection, catalog: str, judged: str) -> dict[str, str]:
    """A query for each table of core at the moment for which `judge_past` filled the attached database `judged`."""
    there = _tables_in(con, judged)
    published = {name: f"from {catalog}.{name}" for name in core_tables()}
    if (OLDEST,) in there:
        return published | core_before(catalog, judged)
    if (_NAMES,) not in there:
        return {name: f"from {judged}.{name}" for name in core_tables()}
    queries = published | {SETTINGS: f"from {judged}.{SETTINGS}"}
    for names, key, again in ((OF_MODELS, "model_id", _MODELS), (OF_NAMES, "source_id, source_name", _NAMES)):
        for name in (f"core.{table}" for table in names):
            queries[name] = (
                f"select * from {catalog}.{name} anti join {judged}.{again} using ({key})"
                f" union all select * from {judged}.{name}"
            )
    return queries


def _tables_in(con: duckdb.DuckDBPyConnection, database: str) -> list[tuple[str]]:
    return con.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = ?", [database]
    ).fetchall()


def make_marts(
    con: duckdb.DuckDBPyConnection,
    catalog: str,
    as_of: date,
    core: Mapping[str, str],
    marts: Collection[str],
    *,
    is_same_code: bool,
    touched: Sequence[str] | None = None,
) -> None:
    """Fills the current database, an empty one, with some mart tables and kept views at the end of a day, made from the tables
    in the attached `catalog` and what `past_core` gives for core. `is_same_code` is that of `judge_past`: then what is made
    from the same rows is taken from there. `touched` is what `touched_models` gives."""
    from leaderboard_etl.warehouse.marts import build_marts
    from leaderboard_etl.warehouse.needs import needed_by, read_by
    from leaderboard_etl.warehouse.results import Held, carry_results, condition_of_rows

    needs = needed_by(" ".join(marts))
    held = Held(catalog, touched) if is_same_code else None
    engine.attach_to_write(con, None, _MAKING)
    try:
        with engine.within(con, _MAKING):
            link_queries(con, until_queries(catalog, end_of_day(as_of)))
            for name, query in core.items():
                if needs is None or name in needs:
                    of_these = condition_of_rows(name, read_by(name, needs), held) if needs is not None else "true"
                    con.execute(f"insert into {name} select * from ({query}) where {of_these}")
            if is_same_code:
                carry_results(con, catalog, needs, has_views=False)
            create_views(con, needs=needs)
            build_marts(con, as_of, needs, held)
        con.execute("create schema mart")
        for name in marts:
            con.execute(f"create table {name} as from {_MAKING}.{name}")
    finally:
        con.execute(f"detach database if exists {_MAKING}")


def _judge_reached(con: duckdb.DuckDBPyConnection, catalog: str, at: datetime, since: int) -> None:
    from leaderboard_etl.policy import Policy
    from leaderboard_etl.warehouse.core import build_part, insert_settings
    from leaderboard_etl.warehouse.history import policy_texts
    from leaderboard_etl.warehouse.reached import reached_names

    with engine.within(con, catalog):
        policy = Policy(policy_texts(con))
        names, models = reached_names(con, since, policy)
    con.register("reached", names)
    con.register("reached_models", models)
    _create(con, "history", "core")
    con.execute(f"create table {_NAMES} as from reached; create table {_MODELS} as from reached_models")
    copy_names_until(con, catalog, at, "reached")
    made = {f"core.{table}" for table in (*OF_MODELS, *OF_NAMES)} | {SETTINGS}
    for name in core_tables():
        if name not in made:
            con.execute(f"insert into {name} from {catalog}.{name}")
    scores = until_queries(catalog, at)["history.scores"]
    stated = con.sql(f"select distinct setting from ({scores}) where valid_to is null order by setting").pl()
    insert_settings(con, policy, stated["setting"])
    if names.height:
        build_part(con, policy)
    con.execute("drop schema history cascade")
    con.unregister("reached")
    con.unregister("reached_models")


def _judge_all(con: duckdb.DuckDBPyConnection, catalog: str, at: datetime) -> None:
    from leaderboard_etl.warehouse.core import build_core

    create_tables(con, is_described=False)
    copy_until(con, catalog, at)
    build_core(con)
    for schema in ("history", "raw", "ops", "mart"):
        con.execute(f"drop schema {schema} cascade")


def _create(con: duckdb.DuckDBPyConnection, *schemas: str) -> None:
    """Creates the tables of some schemas."""
    statements = [f"create schema {schema}" for schema in schemas]
    statements += [table.sql.strip().removesuffix(";") for table in tables().values() if table.schema in schemas]
    con.execute(";\n".join(["begin", *statements, "commit"]))
