-- days from the release of LLaMA to the first open model within a match of GPT-3.5 Turbo on MT-Bench
with llama as (

    select released_on from core.models where model_id = 'huggyllama/llama-65b'

),

commercial as (

    select max(p.score_pct) as score_pct, any_value(g.match_tolerance_pct) as tolerance_pct
    from mart.model_scaling as p
    join core.comparable_groups as g using (comparable_group)
    where p.comparable_group = 'mt_bench' and p.model_id = 'openai/gpt-3.5-turbo-0301'

),

open_models as (

    select p.model, p.score_pct, p.released_on, date_diff('day', l.released_on, p.released_on) as days
    from mart.model_scaling as p
    cross join llama as l
    where p.comparable_group = 'mt_bench' and p.openness = 'open_weights' and p.population <> 'flagged'
        and p.released_on >= l.released_on

),

undated as (

    select model, score_pct from mart.model_scaling
    where comparable_group = 'mt_bench' and openness = 'open_weights' and population <> 'flagged' and released_on is null

)

select
    min(days) filter (where o.score_pct >= c.score_pct - c.tolerance_pct) as computed_value,
    count(*) as n,
    max(o.released_on) as observed_through_on,
    printf(
        'GPT-3.5 Turbo %.1f percent of the scale; first match %s; best within 60 days %s; best without a date %s',
        any_value(c.score_pct),
        coalesce(arg_min(o.model, o.days) filter (where o.score_pct >= c.score_pct - c.tolerance_pct), 'none'),
        coalesce(
            arg_max(printf('%s %.1f', o.model, o.score_pct), o.score_pct) filter (where o.days <= 60), 'none with a score'
        ),
        coalesce((select arg_max(printf('%s %.1f', model, score_pct), score_pct) from undated), 'none')
    ) as evidence
from open_models as o
cross join commercial as c
