-- A full grid of model and benchmark for grouped bars, where a missing pair would be drawn as 0.
-- The official models with a score in each of three headline groups; of these the six with the highest mean on either
-- side, because the template has twelve colours.
-- columns:
--   benchmark: MMLU, GPQA Diamond or HumanEval, each as reported
--   model: Name for people; the model id where two models share a name
--   score: Score, percent
with points as (

    select
        model_id,
        model,
        openness,
        score_pct,
        case comparable_group
            when 'mmlu_reported' then 'MMLU'
            when 'gpqa_diamond_reported' then 'GPQA Diamond'
            when 'humaneval_reported' then 'HumanEval'
        end as bars
    from mart.model_scaling
    where population = 'official' and openness in ('open_weights', 'proprietary') and bars is not null

),

complete as (

    select
        model_id,
        case when count(*) over (partition by any_value(model)) = 1 then any_value(model) else model_id end as model,
        any_value(openness) as openness,
        avg(score_pct) as mean_pct
    from points
    group by model_id
    having count(*) = 3

),

shown as (

    select *
    from complete
    qualify row_number() over (partition by openness order by mean_pct desc, model_id) <= 6

),

final as (

    select p.bars as benchmark, s.model, p.score_pct as score, s.openness, s.mean_pct, s.model_id
    from points as p
    join shown as s using (model_id)

)

select benchmark, model, score
from final
order by benchmark, openness, mean_pct desc, model_id
