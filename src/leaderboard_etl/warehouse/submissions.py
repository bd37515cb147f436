"""core.submissions: who asked a leaderboard for an evaluation, and which rows its table has."""

from __future__ import annotations

import duckdb

from leaderboard_etl.warehouse.history import is_within


def insert_submissions(con: duckdb.DuckDBPyConnection, within: str = "") -> None:
    """Inserts into core.submissions the open rows of history, requests and rows of the leaderboards' tables: of all names, or of
    those `within` a registered frame."""
    con.execute(
        f"""
        insert into core.submissions
        with said as (

            select
                source_id, source_name, 'request' as kind, precision, status, submitted_at::date as submitted_on,
                repo_id, revision, path, blob_id, locator
            from history.submissions
            where valid_to is null
            union all
            select
                source_id, source_name, 'table_row', precision, 'FINISHED', submitted_on,
                repo_id, revision, path, blob_id, locator
            from history.models
            where valid_to is null

        )

        select a.model_id, s.source_id, s.source_name, about.leaderboard, s.* exclude (source_id, source_name)
        from said as s
        join core.sources as about on about.source_id = s.source_id and about.submissions = s.kind
        join core.model_aliases as a on a.source_id = s.source_id and a.source_name = s.source_name
        where {is_within(within, "s.")}
        order by all
        """
    )
