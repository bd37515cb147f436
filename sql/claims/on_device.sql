-- parameters, billions, of the smallest open model with the MMLU of GPT-3.5 Turbo
with commercial as (

    select score_pct from mart.model_scaling
    where comparable_group = 'mmlu_reported' and model_id = 'openai/gpt-3.5-turbo-0301'

),

able as (

    select p.model, p.params_b, p.score_pct
    from mart.model_scaling as p
    cross join commercial as c
    where p.comparable_group = 'mmlu_reported' and p.population = 'official' and p.openness = 'open_weights'
        and p.params_b is not null and p.score_pct >= c.score_pct

)

select
    min(params_b) as computed_value,
    count(*) as n,
    printf(
        '%s with %.1f against %.1f; 4-bit weights of %.1f GB',
        arg_min(model, params_b), arg_min(score_pct, params_b), (select score_pct from commercial), min(params_b) / 2
    ) as evidence
from able
having count(*) > 0
