-- share of the weeks, from the first to the last, in which a new model came to a leaderboard, 0-1
with weeks as (

    select date_trunc('week', first_on)::date as week, count(*) as n_models, max(first_on) as last_on
    from (
        select model_id, min(submitted_on) as first_on
        from core.submissions
        where kind = 'table_row' and submitted_on is not null
        group by model_id
    )
    group by week

)

select
    count(*) / (1 + date_diff('week', min(week), max(week))) as computed_value,
    sum(n_models)::bigint as n,
    max(last_on) as observed_through_on,
    printf('%d of %d weeks, median of %.0f new models in them', count(*), 1 + date_diff('week', min(week), max(week)), median(n_models))
        as evidence
from weeks
having count(*) > 0
