-- Velocity of the community, not of scores: submissions to both leaderboards by month and definition, and the most on one day
-- n_bulk_imported: rows of days that the leaderboard itself wrote all at once, so nobody handed them in on them (policy/import_days.csv);
-- is_bulk_import: most of the busiest day's are such. A distinct model counts on the day of its first row. Rows without a day are in no month.
with imports as (

    select distinct split_part(line, ',', 1) as source_id, try_cast(split_part(line, ',', 2) as date) as submitted_on
    from (
        select unnest(string_split(content, chr(10))) as line
        from history.policy_files
        where name = 'import_days' and valid_to is null
    )

),

counted as (

    select case kind when 'request' then 'requests' else 'table_rows' end as definition, source_id, submitted_on, kind
    from core.submissions
    union all
    select 'distinct_models', first_row.source_id, first_row.submitted_on, 'table_row'
    from (
        -- Of two leaderboards on one day the older one: somebody handed the model in there.
        select min({'submitted_on': submitted_on, 'source_id': source_id}) as first_row
        from core.submissions
        where kind = 'table_row' and submitted_on is not null
        group by model_id
    )

),

days as (

    select
        date_trunc('month', c.submitted_on)::date as month,
        c.definition,
        c.submitted_on,
        count(*) as n_on_day,
        count(i.source_id) as n_imported
    from counted as c
    left join imports as i
        on c.kind = 'table_row' and i.source_id = c.source_id and i.submitted_on = c.submitted_on
    where c.submitted_on is not null
    group by all

),

busiest as (

    select
        month,
        definition,
        submitted_on as busiest_on,
        n_on_day as n_on_busiest_day,
        2 * n_imported > n_on_day as is_bulk_import,
        sum(n_imported) over (partition by month, definition)::integer as n_bulk_imported
    from days
    qualify row_number() over (partition by month, definition order by n_on_day desc, submitted_on) = 1

),

months as (

    select
        month,
        definition,
        sum(submissions)::integer as submissions,
        bool_or(is_partial) as is_partial
    from mart.community_velocity
    where leaderboard = 'all' and month is not null and definition <> 'finished_requests'
    group by all

)

select
    month,
    definition,
    submissions,
    n_bulk_imported,
    n_on_busiest_day,
    busiest_on,
    is_bulk_import,
    is_partial
from months
join busiest using (month, definition)
order by month, definition
