-- A full grid of model and benchmark for the template's bars, where a missing pair would be drawn as 0: the official
-- models that have a score in each of three headline groups.
with points as (

    select *
    from mart.model_scaling
    where population = 'official'
        and openness in ('open_weights', 'proprietary')
        and comparable_group in ('mmlu_reported', 'gpqa_diamond_reported', 'humaneval_reported')

),

complete as (

    select model_id
    from points
    group by model_id
    having count(distinct comparable_group) = 3

)

select
    case comparable_group
        when 'mmlu_reported' then 'MMLU'
        when 'gpqa_diamond_reported' then 'GPQA Diamond'
        else 'HumanEval'
    end as benchmark,
    model,
    score_pct as score
from points
join complete using (model_id)
order by benchmark, openness, score desc, model_id
