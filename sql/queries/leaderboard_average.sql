-- The leaderboard's own average: the mean of its six normalised scores on Open LLM Leaderboard v2, made again from them
with run as (

    select
        model_id,
        source_name,
        precision,
        has_chat_template,
        run_id,
        count(distinct comparable_group) as n_scores,
        avg(score_norm_pct) as average_pct
    from core.scores
    where source_id = 'olb_v2_contents' and norm_method is not null
    group by all

)

select
    r.source_name,
    r.model_id,
    r.precision,
    r.has_chat_template,
    round(r.average_pct, 2) as average_pct,
    m.population,
    round(m.params_total / 1e9, 2) as params_b
from run as r
join core.models as m using (model_id)
where r.n_scores = 6
order by r.average_pct desc, r.source_name
