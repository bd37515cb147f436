"""Where the values of a model came from: queries that `explain` asks of a model and of a mart. A mark says which row is used; the
others lost against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leaderboard_etl.warehouse.charted import IS_CHARTED

if TYPE_CHECKING:
    import duckdb

_FILE = "concat_ws(' ', s.repo_id || '@' || s.revision[:12], s.path)"
_PLACE = f"concat_ws(' ', {_FILE}, s.locator)"
# The page of a value by the rule of every table and page: the link recorded for it, else that of its file.
_ABOUT = "left join core.sources as about on about.source_id = s.source_id"
_LINK = "mart.link(s.source_url, about.link_pattern, s.repo_id, s.revision, s.path)"
_LINK_OF_FILE = "mart.link(null, about.link_pattern, s.repo_id, s.revision, s.path)"
SECTIONS = (
    ("names", "Names", ()),
    ("sizes", "Sizes: * is used", ("reason",)),
    ("licences", "Licence as stated: * is used", ()),
    ("dates", "Dates: * is the release date", ()),
    ("flags", "Flags: who set them", ()),
    ("bases", "Made from", ()),
    ("derivatives", "Made from it, in this warehouse", ("examples",)),
    ("scores", "Scores: the marts use those marked *", ("because", "correction")),
    ("ended", "Earlier scores", ()),
)
# The names of a model, and what sources say of them now.
_NAMES_OF_MODEL = """
    create or replace temp table names_of_model as
    select source_id, source_name, method from core.model_aliases where model_id = $model
"""
_SAID_OF_MODEL = f"""
    create or replace temp table said_of_model as
    select
        s.source_id, s.license_text, s.is_flagged, s.is_merge, s.released_on, s.released_on_url, s.uploaded_on, s.created_at,
        s.submitted_on, s.revision, s.valid_from, {_FILE} as file, {_PLACE} as place, {_LINK_OF_FILE} as link
    from history.models as s
    semi join names_of_model using (source_id, source_name)
    {_ABOUT}
    -- Names alone, which DuckDB looks for while it reads: of a pair it reads all first.
    where s.source_name in (select source_name from names_of_model) and s.valid_to is null
"""
# Why one of several scores is used, in the order that mart.precedence gives.
RULE_OF_SCORES = (
    "Of several values of a group: the reporter (a leaderboard's own runs, the Arena's tables, curated rows, other evaluators,\n"
    "  the vendor, the community), measured by others before the vendor's word, stated shots, full precision, no tools, the\n"
    "  highest setting, the newest evaluation; of what is left the median"
)
QUERIES = {
    "names": """
        select source_id as source, source_name as name, method from names_of_model order by all
    """,
    "sizes": f"""
        select
            case when is_chosen then '*' else '' end as chosen, kind, method, params,
            case when is_disagreeing and is_doubtful then 'doubted' when is_disagreeing then 'disagrees'
                when is_doubtful then 'doubted' else '' end as state,
            round(disagreement_pct, 1) as off_pct,
            coalesce(
                reason,
                case when is_disagreeing then 'more than 10 % from the one that is used, whose method is trusted more' end
            ) as reason,
            {_FILE} as file, {_PLACE} as place,
            {_LINK} as link
        from core.parameter_evidence as s
        {_ABOUT}
        where model_id = $model
        order by kind desc, is_chosen desc, is_doubtful, params is null, confidence desc, method, s.source_id, path, locator
    """,
    # A maker may change a licence, and two models of one maker may be stated at different times: the commit is that of the text
    # that was read last, of several at once of the last by name (tables are named by day), and the day that of the first.
    "licences": """
        select
            case when s.license_text = m.license_text then '*' else '' end as chosen,
            s.license_text as text, s.source_id as source, max_by(s.revision[:12], (s.valid_from, s.place)) as at_commit,
            min(s.valid_from)::date as read_on, max_by(s.file, (s.valid_from, s.place)) as file,
            max_by(s.place, (s.valid_from, s.place)) as place, max_by(s.link, (s.valid_from, s.place)) as link
        from said_of_model as s
        cross join core.models as m
        where m.model_id = $model and s.license_text is not null
        group by all
        order by chosen desc, source, text
    """,
    "dates": f"""
        with of_scores as materialized (
            select source_id, source_name, variant_id from core.scores where model_id = $model
        ),
        -- In any edition; a correction may say that a score is of another model than its name.
        scored as (
            select s.source_id, s.evaluated_on, {_FILE} as file, {_PLACE} as place, {_LINK_OF_FILE} as link
            from history.scores as s
            semi join of_scores using (source_id, source_name, variant_id)
            join core.reporters using (reported_by)
            {_ABOUT}
            -- A table of others lists what is released: its first score is no earlier than the model.
            where s.source_name in (select source_name from of_scores) and s.valid_to is null
                and is_after_release and s.evaluated_on is not null
            qualify s.evaluated_on = min(s.evaluated_on) over ()
        ),
        said as (
            unpivot (
                select
                    source_id, file, place, link, released_on_url, released_on as reference, uploaded_on as hub_upload,
                    created_at::date as hub_created, submitted_on as leaderboard_submission
                from said_of_model
            ) on reference, hub_upload, hub_created, leaderboard_submission into name kind value on_date
            union all by name
            select source_id, file, place, link, 'first_score' as kind, evaluated_on as on_date
            from scored
        )
        select
            case when m.released_on = s.on_date and m.released_on_method = s.kind then '*' else '' end as chosen,
            s.on_date as date, s.kind, s.source_id as source, min_by(s.file, s.place) as file, min(s.place) as place,
            coalesce(any_value(s.released_on_url) filter (where s.kind = 'reference'), min_by(s.link, s.place)) as link
        from said as s
        cross join core.models as m
        where m.model_id = $model
        group by all
        order by chosen desc, date, kind, source
    """,
    "bases": f"""
        select
            l.depth as steps, l.ancestor_id as base, l.relation,
            case when l.ancestor_is_known then 'yes' else 'no' end as in_this_warehouse,
            {_FILE} as file, {_PLACE} as place, {_LINK_OF_FILE} as link
        from mart.lineage as l
        left join core.model_bases as s
            on s.model_id = l.model_id and lower(s.base_model_id) = lower(l.ancestor_id) and l.depth = 1
        {_ABOUT}
        where l.model_id = $model and l.depth > 0
        order by l.depth, s.is_first desc, base
    """,
    "derivatives": """
        select
            b.relation, count(*) as models, count(*) filter (where l.depth = 1) as directly,
            array_to_string(list(l.model_id order by l.model_id)[:3], ', ') as examples
        from mart.lineage as l
        join core.model_bases as b on b.model_id = l.model_id and b.is_first
        where l.ancestor_id = $model and l.depth > 0
        group by all
        order by models desc, relation
    """,
    "scores": f"""
        with ranked as (
            select
                s.*, w.meaning, coalesce(w.is_charted, true) as is_charted, m.n_values, m.chosen_because,
                mart.precedence(
                    w.chart_rank, s.is_verified, b.n_shot, s.precision, e.has_tools, e.effort_rank, e.budget_tokens,
                    s.evaluated_on
                ) as precedence
            from core.scores as s
            join core.benchmarks as b using (variant_id)
            left join core.reporters as w using (reported_by)
            left join core.settings as e using (setting)
            left join mart.model_scaling as m on {IS_CHARTED}
            where s.model_id = $model
                and ($benchmark is null or $benchmark in (s.benchmark_id, s.variant_id, s.comparable_group))
        ),
        of_used as (
            select comparable_group, any_value(struct_pack(p := precedence, reported_by := reported_by)) as used
            from ranked
            where n_values is not null
            group by comparable_group
        )
        select
            case when s.n_values is not null then '*' else '' end as used,
            s.variant_id as variant, nullif(s.source_name, s.model_id) as named,
            s.score_raw as raw, s.score_unit as unit, s.score_pct as pct,
            s.score_norm_pct as norm_pct, s.n_shot, s.precision, nullif(s.setting, 'n/a') as setting, s.reported_by as by,
            case s.is_verified when false then 'yes' when true then 'no' else 'not stated' end as self_reported,
            case
                when s.n_values > 1 then regexp_replace(s.chosen_because, '^of (\\d+) by ', 'used of \\1 values by ')
                when s.n_values = 1 or u.used is null then null
                when not s.is_charted then 'not used: no chart has what is only in a table of a card'
                when s.precedence.reporter > u.used.p.reporter
                    then 'not used: ' || s.reported_by || ' comes after ' || u.used.reported_by
                when s.precedence.measured_by > u.used.p.measured_by
                    then case
                        when s.is_verified is null then 'not used: who measured is not stated, and of another it is'
                        else 'not used: the vendor measured, and of another value it did not'
                    end
                when s.precedence.protocol > u.used.p.protocol
                    then 'not used: its number of shots is not stated, and that of another value is'
                when s.precedence.precision > u.used.p.precision
                    then 'not used: ' || s.precision || ' is not full precision'
                when s.precedence.tools > u.used.p.tools then 'not used: the model had tools'
                when (s.precedence.effort, s.precedence.budget) > (u.used.p.effort, u.used.p.budget)
                    then 'not used: not the highest setting'
                when s.precedence.age > u.used.p.age then 'not used: another evaluation is newer'
                when s.precedence = u.used.p then 'not used: not the median of what is of equal rank'
            end as because,
            case when s.is_corrected then 'corrected by policy/corrections.csv' end as correction,
            {_FILE} as file, {_PLACE} as place, {_LINK} as link
        from ranked as s
        {_ABOUT}
        left join of_used as u using (comparable_group)
        order by s.benchmark_id, s.variant_id, used desc, s.source_id, s.precision, s.run_id
    """,
    "flags": """
        with said as (
            unpivot (
                select
                    source_id, file, place, link,
                    case when is_flagged then 'the table flags it, and gives no reason' end as flagged,
                    case when is_merge then 'the table says that it is a merge' end as merge
                from said_of_model
            ) on flagged, merge into name flag value reason
        )
        select flag, source_id as source, reason, min_by(file, place) as file, min(place) as place, min_by(link, place) as link
        from said
        group by all
        order by flag, source
    """,
    "ended": f"""
        select
            s.variant_id as variant, nullif(s.source_name, $model) as named,
            s.score_raw as raw, s.score_unit as unit, s.precision,
            s.valid_from::date as from_day, s.valid_to::date as to_day, {_FILE} as file, {_PLACE} as place, {_LINK} as link
        from history.scores as s
        join names_of_model as a using (source_id, source_name)
        join core.benchmarks as b using (variant_id)
        {_ABOUT}
        where s.valid_to is not null
            and ($benchmark is null or $benchmark in (b.benchmark_id, s.variant_id, b.comparable_group))
        order by s.variant_id, s.valid_from
    """,
}
# What a row of a mart alone needs; `day` is that of the row, null: any.
OF_ROWS = {
    "ratings": f"""
        select
            case when s.published_on = max(s.published_on) over () then '*' else '' end as used,
            s.board, s.series, s.published_on as day, s.rating, s.source_name as name, {_FILE} as file, {_PLACE} as place,
            {_LINK_OF_FILE} as link
        from core.ratings as s
        {_ABOUT}
        where s.model_id = $model and ($board is null or s.board = $board) and ($day is null or s.published_on <= $day)
        order by s.published_on desc, s.board, s.series, s.source_name
    """,
    "prices": """
        select
            case when round(blended_usd_per_mtok, 9) = round($usd, 9) then '*' else '' end as used,
            provider, blended_usd_per_mtok as usd_per_mtok, priced_on as day, withdrawn_on, withdrawn_url, source_dataset as file,
            source_dataset || ' ' || source_name as place, source_url as link
        from core.prices
        where model_id = $model and ($day is null or priced_on <= $day)
        order by used desc, blended_usd_per_mtok, priced_on, provider
    """,
    "points": f"""
        select
            m.model_id as model, m.openness, m.score_pct as pct, m.params_b, m.released_on, {_FILE} as file,
            {_PLACE} as place, m.source_url as link
        from mart.model_scaling as m
        join core.scores as s on {IS_CHARTED}
        where m.comparable_group = $comparable_group
            and ($openness is null or m.openness = $openness)
            and (
                $population is null
                or m.model_id in (select model_id from mart.populations where population = $population)
            )
        order by m.score_pct desc, m.model_id
    """,
}


def read_model(con: duckdb.DuckDBPyConnection, model_id: str) -> None:
    """Puts the names of a model, and what sources say of them, into temporary tables that QUERIES read: of 500,000 statements
    three of them looked for the same 60, and six for the names."""
    con.execute(_NAMES_OF_MODEL, {"model": model_id})
    con.execute(_SAID_OF_MODEL)


def evidence_rows(con: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query of QUERIES, of plain types; `values` are its parameters, of which the model is one."""
    # A relation would be planned twice: for its columns, and for its rows.
    answer = con.execute(query, dict(values))
    columns = [name for name, *_ in answer.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
