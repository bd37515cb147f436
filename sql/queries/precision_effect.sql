-- What precision does to a score: the same model on one leaderboard in bfloat16, else float16, and in another: median and quartiles
with by_precision as (

    select model_id, source_id, comparable_group, precision, has_chat_template, median(score_pct) as score_pct
    from core.scores
    where source_id in ('olb_v1_contents', 'olb_v2_contents')
    group by all

),

full_precision as (

    select *
    from by_precision
    where precision in ('bfloat16', 'float16')
    qualify row_number() over (
        partition by model_id, source_id, comparable_group, has_chat_template
        order by precision
    ) = 1

)

select
    other.precision,
    other.comparable_group,
    count(*) as n_models,
    round(median(other.score_pct - base.score_pct), 2) as median_difference_pct,
    round(quantile_cont(other.score_pct - base.score_pct, 0.25), 2) as lower_quartile_pct,
    round(quantile_cont(other.score_pct - base.score_pct, 0.75), 2) as upper_quartile_pct
from full_precision as base
join by_precision as other
    on other.model_id = base.model_id
    and other.source_id = base.source_id
    and other.comparable_group = base.comparable_group
    and other.has_chat_template is not distinct from base.has_chat_template
    and other.precision <> base.precision
group by all
order by other.precision, other.comparable_group
