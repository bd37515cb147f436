"""What core said before a night of the models and names that it judges anew: kept, so that a past day need not be judged again.

update_core writes these rows of core anew and leaves the others. What stood there before goes into ops.replaced_rows, one row for
each model or name. So core at the end of an earlier load is that of now, but for what later nights judged: there the oldest
rows count. A warehouse that is made anew keeps none of them, and then its past days are judged (past).
"""

from __future__ import annotations

import json

import duckdb

from leaderboard_etl.contracts.schema import tables
from leaderboard_etl.engine import ROW_ID

# Tables of core whose rows belong to a model, and those whose rows belong to a name; of the others settings follow from all
# scores, and the rest from policy and code.
OF_MODELS = ("models", "model_aliases", "model_bases", "parameter_evidence", "submissions", "prices")
OF_NAMES = ("scores", "ratings")
SETTINGS = "core.settings"
# Whose rows are kept together, by the tables in which they are: what a row of these says it of.
_SUBJECTS = {
    **{f"core.{table}": ("model", "model_id") for table in OF_MODELS},
    **{f"core.{table}": ("name", "source_id || ': ' || source_name") for table in OF_NAMES},
    SETTINGS: ("settings", "'all'"),
}
_MOST_KEPT_NIGHTS = 60
# Some two hundred megabytes before they are compressed: nights that judge most models anew would outgrow core.
_MOST_KEPT_ROWS = 100_000
# What `fill_oldest` fills.
OLDEST = "main.oldest_replaced"
# So many are tested one by one.
_MOST_TOUCHED = 2_000


def keep_models(con: duckdb.DuckDBPyConnection, until_load_id: int, models: str) -> None:
    """Keeps what core says of the models in a registered frame with model_id, before a load after `until_load_id` replaces it."""
    asked = f"select model_id from {models}"
    _keep(con, "model", until_load_id, asked, f"model_id in ({asked})")


def keep_new_models(con: duckdb.DuckDBPyConnection, until_load_id: int, models: str) -> None:
    """Keeps that core said nothing of the models in such a frame."""
    con.execute(f"insert into ops.replaced_rows select ?, 'model', model_id, '[]' from {models}", [until_load_id])


def keep_names(con: duckdb.DuckDBPyConnection, until_load_id: int, names: str) -> None:
    """The same of the names in a registered frame with source_id and source_name."""
    asked = f"select {_SUBJECTS['core.scores'][1]} from {names}"
    _keep(
        con, "name", until_load_id, asked, f"(source_id, source_name) in (select source_id, source_name from {names})"
    )


def keep_settings(con: duckdb.DuckDBPyConnection, until_load_id: int) -> None:
    """The same of all settings."""
    _keep(con, "settings", until_load_id, "select 'all'", "true")


def forget_oldest(con: duckdb.DuckDBPyConnection) -> None:
    """Removes what is kept of nights long ago, and of those before whose rows, with all later ones, are too many. What is left is
    whole, because a day needs all nights since then."""
    con.execute(
        """
        delete from ops.replaced_rows
        where until_load_id <= (
            select max(until_load_id)
            from (
                select
                    until_load_id,
                    row_number() over later_first as n_nights,
                    sum(count(*)) over later_first as n_rows
                from ops.replaced_rows
                group by until_load_id
                window later_first as (order by until_load_id desc)
            )
            where n_nights > $nights or n_rows > $rows
        )
        """,
        {"nights": _MOST_KEPT_NIGHTS, "rows": _MOST_KEPT_ROWS},
    )


def is_kept(con: duckdb.DuckDBPyConnection, catalog: str, load_id: int) -> bool:
    """Whether the attached `catalog` keeps all that core said at the end of a load."""
    [(n_without,)] = con.execute(
        f"""
        with kept as (

            select min(until_load_id) as until_load_id
            from {catalog}.ops.replaced_rows
            where until_load_id >= $load

        )

        -- A load without news leaves core as it is.
        select count(*)
        from kept
        left join {catalog}.ops.loads as l
            on l.load_id > $load and l.load_id <= kept.until_load_id and l.status in ('published', 'degraded')
        where kept.until_load_id is null or l.load_id is not null
        """,
        {"load": load_id},
    ).fetchall()
    return bool(n_without == 0)


def fill_oldest(con: duckdb.DuckDBPyConnection, catalog: str, load_id: int) -> None:
    """Fills the current database, an empty one, with what `core_before` reads beside the attached `catalog`, which keeps all that
    core said at the end of a load."""
    con.execute(
        f"""
        create table {OLDEST} as
        select kind, subject, arg_min(said, until_load_id) as said
        from {catalog}.ops.replaced_rows
        where until_load_id >= ?
        group by all
        """,
        [load_id],
    )


def core_before(catalog: str, oldest: str) -> dict[str, str]:
    """A query for each table of core that nights write anew, at the end of the load for which `fill_oldest` filled the attached
    database `oldest`."""
    queries = {}
    for name, (kind, subject) in _SUBJECTS.items():
        kept = f"{oldest}.{OLDEST} where kind = '{kind}'"
        shape = json.dumps({column.name: column.sql_type.upper() for column in tables()[name].columns})
        rows = f"""select unnest(json_extract(said, '$[*]."{name}"')) as row from {kept}"""
        queries[name] = (
            f"select * from {catalog}.{name} where {subject} not in (select subject from {kept})"
            f" union all select unnest(from_json_strict(row, '{shape}')) from ({rows})"
        )
    return queries


def touched_models(con: duckdb.DuckDBPyConnection, catalog: str, oldest: str) -> list[str] | None:
    """The models of which `core_before` says something else than the attached `catalog`; null: too many, or settings differ."""
    kept = f"{oldest}.{OLDEST}"
    rows = con.execute(
        f"""
        select subject from {kept} where kind = 'model'
        union
        select model_id from {catalog}.core.scores where source_id || ': ' || source_name in (
            select subject from {kept} where kind = 'name'
        )
        union
        select unnest(json_extract_string(said, '$[*]."core.scores".model_id')) from {kept} where kind = 'name'
        union all
        select null from {kept} where kind = 'settings'
        order by all nulls first
        limit {_MOST_TOUCHED + 1}
        """
    ).fetchall()
    models = [model_id for (model_id,) in rows]
    return None if None in models or len(models) > _MOST_TOUCHED else models


def _keep(con: duckdb.DuckDBPyConnection, kind: str, until_load_id: int, subjects: str, are_of_them: str) -> None:
    """Adds a row of ops.replaced_rows for each of the `subjects`, a query; `are_of_them` is the condition that a row of core is
    about one of them."""
    rows = " union all ".join(
        f"select {of_row} as subject, '{{\"{name}\":' || to_json(t) || '}}' as row from {name} as t"
        # Columns of wide rows are read where the condition holds, and not of all rows.
        f" where {ROW_ID} in (select {ROW_ID} from {name} where {are_of_them})"
        for name, (of_kind, of_row) in _SUBJECTS.items()
        if of_kind == kind
    )
    con.execute(
        f"""
        insert into ops.replaced_rows
        with asked as (

            from ({subjects}) as s(subject)

        ),

        standing as (

            select subject, string_agg(row, ',') as said from ({rows}) group by subject

        )

        select $until, $kind, subject, '[' || coalesce(said, '') || ']'
        from asked
        left join standing using (subject)
        """,
        {"until": until_load_id, "kind": kind},
    )
