"""core.prices: every price of tokens that policy lists or a source ever stated, of the models in core.models.

A price of a past day stays true when a newer one is stated, or when its file is gone: what holds in a month is decided where
it is asked (analysis/prices.py).
"""

from __future__ import annotations

import duckdb

from leaderboard_etl.policy import Policy
from leaderboard_etl.warehouse.history import is_within

# The columns of policy/prices.csv, for a load older than the table.
_COLUMNS = (
    *("source_dataset", "provider", "source_name", "priced_on", "model_id", "is_vendor"),
    *("input_usd_per_mtok", "output_usd_per_mtok", "source_url"),
)


def insert_prices(con: duckdb.DuckDBPyConnection, policy: Policy, within: str = "") -> None:
    """Inserts into core.prices those of all models, or of those with a name `within` a registered frame; a load older than
    policy/prices.csv has none of its rows."""
    con.register("listed", policy.frame("prices", younger=_COLUMNS))
    con.register("withdrawn", policy.frame("withdrawn_models", younger=("model_id", "withdrawn_on", "source_url")))
    of_names = (
        f"m.model_id in (select model_id from core.model_aliases where {is_within(within)})" if within else "true"
    )
    con.execute(
        f"""
        insert into core.prices
        with blend as (

            select value as input_share from core.rules where rule = 'blended_input_share'

        ),

        by_policy as (

            select
                m.model_id, provider, is_vendor = 'true' as is_vendor,
                input_usd_per_mtok::double as input_usd, output_usd_per_mtok::double as output_usd,
                priced_on::date as priced_on, source_dataset, source_name, source_url
            from listed
            join core.models as m on lower(m.model_id) = lower(listed.model_id)
            where {of_names}

        ),

        -- An evaluator's price is not the vendor's own word, whoever sells.
        by_sources as (

            select
                a.model_id, h.provider, false as is_vendor,
                h.input_usd_per_mtok as input_usd, h.output_usd_per_mtok as output_usd,
                h.priced_on, h.source_id as source_dataset, h.source_name, h.source_url
            from history.prices as h
            join core.model_aliases as a on a.source_id = h.source_id and a.source_name = h.source_name
            where {is_within(within, "h.")}
            qualify row_number() over (
                partition by h.source_id, h.source_name, h.run_id, h.priced_on order by h.load_id desc, h.path desc
            ) = 1

        ),

        stated as (

            from by_policy
            union all
            from by_sources

        )

        select
            model_id, provider, is_vendor, input_usd, output_usd,
            input_share * input_usd + (1 - input_share) * output_usd,
            priced_on, source_dataset, source_name, stated.source_url, w.withdrawn_on::date as withdrawn_on,
            w.source_url as withdrawn_url
        from stated
        cross join blend
        left join withdrawn as w using (model_id)
        order by all
        """
    )
    con.unregister("listed")
    con.unregister("withdrawn")
