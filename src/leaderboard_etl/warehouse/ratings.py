"""core.ratings: every rating of a day that was ever published, in its newest statement, with the model, the side and the series.

Unlike a score, a rating of a day stays true when its file moves on to the next day, or when its source no longer lists the model.
"""

from __future__ import annotations

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.normalize.licenses import license_openness
from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.shared.settings import NO_SETTING, setting_of_model
from leaderboard_etl.warehouse.history import is_within


def rated_names(con: duckdb.DuckDBPyConnection, within: str = "") -> pl.DataFrame:
    """(source_id, source_name) of every model that was ever rated, if they are `within` a registered frame of names."""
    names: pl.DataFrame = con.sql(
        f"select distinct source_id, source_name from history.ratings where {is_within(within)}"
    ).pl()
    return names


def insert_series(con: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Fills the empty core.rating_series from policy."""
    columns = frame_schema("core.rating_series")
    # A load older than the table does not have it.
    series = policy.frame("rating_series") if "rating_series" in policy.texts else pl.DataFrame(schema=columns)
    con.register("incoming", series.select(list(columns)).sort("source_id", "board", "starts_on"))
    con.execute("insert into core.rating_series select * from incoming")
    con.unregister("incoming")


def insert_ratings(con: duckdb.DuckDBPyConnection, policy: Policy, within: str = "") -> None:
    """Inserts into core.ratings what history, core.models and core.model_aliases say of all names, or of those `within` a
    registered frame."""
    texts: pl.DataFrame = con.sql("select distinct license_text from history.ratings").pl()
    con.register("licenses", license_openness(texts["license_text"], policy.frame("licenses")))
    con.register("settings_of_names", _settings_of_names(con, within))
    con.execute(
        f"""
        insert into core.ratings by name
        with newest as (

            -- The file of the newest day goes before that of the past, whose name comes first in the alphabet.
            select *
            from history.ratings where {is_within(within)}
            qualify row_number() over (
                partition by source_id, board, published_on, source_name
                order by load_id desc, valid_to is null desc, path desc
            ) = 1

        ),

        series as (

            select
                source_id,
                board,
                series,
                -- What was published before the first series belongs to it.
                lag(starts_on) over by_day is null as is_first,
                starts_on,
                lead(starts_on) over by_day as next_starts_on
            from core.rating_series
            window by_day as (partition by source_id, board order by starts_on)

        )

        select
            r.* exclude (repo_type, setting, closed_load_id, valid_from, valid_to),
            coalesce(n.setting, r.setting) as setting,
            s.series,
            a.model_id,
            coalesce(nullif(m.openness, 'unknown'), l.openness, 'unknown') as openness
        from newest as r
        join series as s
            on s.source_id = r.source_id
            and s.board = r.board
            and (s.is_first or r.published_on >= s.starts_on)
            and (s.next_starts_on is null or r.published_on < s.next_starts_on)
        join core.model_aliases as a on a.source_id = r.source_id and a.source_name = r.source_name
        join core.models as m on m.model_id = a.model_id
        left join settings_of_names as n on n.source_id = r.source_id and n.source_name = r.source_name
        left join licenses as l on l.license_text = r.license_text
        order by r.source_id, r.board, r.published_on, r.source_name
        """
    )
    con.unregister("licenses")
    con.unregister("settings_of_names")


def _settings_of_names(con: duckdb.DuckDBPyConnection, within: str) -> pl.DataFrame:
    """source_id, source_name and setting of the rated names of which only the model that they mean tells that they state one."""
    names: pl.DataFrame = con.sql(
        f"""
        select distinct source_id, source_name, model_id
        from history.ratings
        join core.model_aliases using (source_id, source_name)
        where setting = '{NO_SETTING}' and {is_within(within)}
        """
    ).pl()
    stated = pl.Series(
        "setting", [setting_of_model(name, model_id) for _, name, model_id in names.iter_rows()], pl.String
    )
    return names.select("source_id", "source_name", stated).drop_nulls("setting")
