-- What precision does to a score: the same model on Open LLM Leaderboard v2 in bfloat16 and in another precision
with by_precision as (

    select model_id, comparable_group, precision, has_chat_template, max(score_pct) as score_pct
    from core.scores
    where source_id = 'olb_v2_contents'
    group by all

)

select
    other.precision,
    other.comparable_group,
    count(*) as n_models,
    round(median(other.score_pct - base.score_pct), 2) as median_difference_pct,
    round(min(other.score_pct - base.score_pct), 2) as least_pct,
    round(max(other.score_pct - base.score_pct), 2) as greatest_pct
from by_precision as base
join by_precision as other
    on other.model_id = base.model_id
    and other.comparable_group = base.comparable_group
    and other.has_chat_template is not distinct from base.has_chat_template
    and other.precision <> base.precision
where base.precision = 'bfloat16'
group by all
order by other.precision, other.comparable_group
