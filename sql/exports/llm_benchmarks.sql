-- A full grid of model and benchmark for grouped bars, where a missing pair would be drawn as 0.
-- The official models with a score in each of three headline groups; of these the three with the highest mean on either
-- side: more than six bars a group cannot be told apart.
-- columns:
--   benchmark: MMLU, GPQA Diamond or HumanEval, each as reported
--   model: Name for people; the model id where two models share a name
--   score: Score, percent
--   license_id: SPDX id of the licence under which anyone may pass the score on; blank: none such is stated
with points as (

    select
        model_id,
        model,
        openness,
        score_pct,
        license_id,
        case comparable_group
            when 'mmlu_reported' then 'MMLU'
            when 'gpqa_diamond_reported' then 'GPQA Diamond'
            when 'humaneval_reported' then 'HumanEval'
        end as bars
    from mart.model_scaling
    where population = 'official' and openness in ('open_weights', 'proprietary') and bars is not null

),

models as (

    select
        model_id,
        any_value(openness) as openness,
        count(*) as n_groups,
        avg(score_pct) as mean_pct,
        any_value(model) as name,
        count(*) over (partition by any_value(model), count(*)) = 1 as is_only_one_of_its_name,
        row_number() over (partition by any_value(openness), count(*) order by avg(score_pct) desc, model_id) as nth
    from points
    group by model_id

),

judged as (

    select
        *,
        case
            when n_groups < 3 then 'no score in ' || (3 - n_groups) || ' of the three groups'
            when nth > 3 then 'not among the three with the highest mean of its side'
        end as reason
    from models

),

final as (

    select
        p.bars as benchmark,
        case when m.is_only_one_of_its_name then m.name else m.model_id end as model,
        p.score_pct as score,
        p.license_id,
        m.openness,
        m.mean_pct,
        m.model_id,
        case when m.reason is not null then {
            'openness': m.openness,
            'reason': m.reason,
            'model_id': m.model_id
        } end as left_out
    from judged as m
    left join points as p on p.model_id = m.model_id and m.reason is null

)

select benchmark, model, score, license_id, left_out
from final
order by benchmark, openness, mean_pct desc, model_id
