-- days from the release of LLaMA (2023-02-24) to the first open model within one point of GPT-3.5 Turbo on MT-Bench
with commercial as (

    select max(score_pct) as score_pct
    from mart.model_scaling
    where comparable_group = 'mt_bench' and model_id in ('openai/gpt-3.5-turbo-0301', 'openai/gpt-3.5-turbo-0613')

),

rivals as (

    select p.model, p.released_on, p.score_pct
    from mart.model_scaling as p
    cross join commercial as c
    where p.comparable_group = 'mt_bench' and p.openness = 'open_weights' and p.released_on is not null
        and p.score_pct >= c.score_pct - 1

)

select
    date_diff('day', date '2023-02-24', min(released_on)) as computed_value,
    count(*) as n,
    max(released_on) as observed_through_on,
    arg_min(model, released_on) as evidence
from rivals
