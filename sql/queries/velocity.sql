-- Velocity of the community, not of scores: submissions to both leaderboards by quarter and definition, and the most on one day
-- is_bulk_import: the leaderboard itself wrote rows of that day all at once, so nobody handed them in on it (policy/import_days.csv says
-- of which leaderboard). A distinct model counts on the day of its first row.
with imports as (

    select distinct try_cast(split_part(line, ',', 2) as date) as submitted_on
    from (
        select unnest(string_split(content, chr(10))) as line
        from history.policy_files
        where name = 'import_days' and valid_to is null
    )

),

counted as (

    select case kind when 'request' then 'requests' else 'table_rows' end as definition, submitted_on
    from core.submissions
    union all
    select 'distinct_models', min(submitted_on)
    from core.submissions
    where kind = 'table_row'
    group by model_id

),

busiest as (

    select
        date_trunc('quarter', submitted_on)::date as quarter, definition, submitted_on as busiest_on, count(*) as n_on_busiest_day
    from counted
    where submitted_on is not null
    group by definition, submitted_on
    qualify row_number() over (partition by quarter, definition order by n_on_busiest_day desc, busiest_on) = 1

),

quarters as (

    select
        date_trunc('quarter', month)::date as quarter,
        definition,
        sum(submissions)::integer as submissions,
        bool_or(is_partial) as is_partial
    from mart.community_velocity
    where leaderboard = 'all' and month is not null and definition <> 'finished_requests'
    group by all

)

select
    quarter,
    definition,
    submissions,
    n_on_busiest_day,
    busiest_on,
    definition <> 'requests' and busiest_on in (select submitted_on from imports where submitted_on is not null) as is_bulk_import,
    is_partial
from quarters
join busiest using (quarter, definition)
order by quarter, definition
