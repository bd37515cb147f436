-- What precision does to a score: one repository on one leaderboard beside its bfloat16, else float16, both handed in within a week
-- The tables state no version of the harness; later rows may have met another one, so that pairs of any day stand apart.
with several as (

    select source_id, source_name
    from core.scores
    where source_id in ('olb_v1_contents', 'olb_v2_contents')
    group by source_id, source_name
    having min(precision) <> max(precision)

),

-- Most repositories were handed in with one precision, and have nothing to compare.
compared as (

    select * from core.scores semi join several using (source_id, source_name)

),

full_precision as (

    select *
    from compared
    where precision in ('bfloat16', 'float16')
    qualify row_number() over (
        partition by source_id, source_name, variant_id, has_chat_template
        order by precision
    ) = 1

),

pairs as (

    select
        other.source_id,
        base.precision as full_precision,
        other.precision,
        other.comparable_group,
        other.score_pct - base.score_pct as difference_pct,
        coalesce(abs(date_diff('day', base.evaluated_on, other.evaluated_on)) <= 7, false) as is_near
    from full_precision as base
    join compared as other
        on other.source_id = base.source_id
        and other.source_name = base.source_name
        and other.variant_id = base.variant_id
        and other.has_chat_template is not distinct from base.has_chat_template
        and other.precision <> base.precision

)

select
    precision,
    full_precision as beside,
    comparable_group,
    count(*) filter (is_near) as n_models,
    round(median(difference_pct) filter (is_near), 2) as median_difference_pct,
    round(quantile_cont(difference_pct, 0.25) filter (is_near), 2) as lower_quartile_pct,
    round(quantile_cont(difference_pct, 0.75) filter (is_near), 2) as upper_quartile_pct,
    count(*) as n_of_any_day,
    round(median(difference_pct), 2) as median_of_any_day_pct
from pairs
group by precision, full_precision, comparable_group
order by n_models = 0, precision, full_precision, comparable_group
