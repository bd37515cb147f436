-- parameters, billions, of the smallest open model that matches or exceeds the MMLU of GPT-3.5 Turbo
with commercial as (

    select p.score_pct, g.match_tolerance_pct as tolerance_pct, s.observed_through_open_on as observed_through_on
    from mart.model_scaling as p
    join core.comparable_groups as g using (comparable_group)
    join mart.gap_sides as s using (population, comparable_group)
    where p.comparable_group = 'mmlu_reported' and p.model_id = 'openai/gpt-3.5-turbo-0301'

),

able as (

    select p.model, p.params_b, p.score_pct, c.score_pct as wanted_pct, c.observed_through_on
    from mart.model_scaling as p
    join commercial as c on p.score_pct >= c.score_pct - c.tolerance_pct
    where p.comparable_group = 'mmlu_reported' and p.population = 'official' and p.openness = 'open_weights'
        and p.params_b is not null and p.released_on <= c.observed_through_on

)

select
    min(params_b) as computed_value,
    count(*) as n,
    any_value(observed_through_on) as observed_through_on,
    printf(
        '%s with %.1f against %.1f; 4-bit weights of %.1f GB; the smallest at or above it: %s',
        arg_min(model, params_b), arg_min(score_pct, params_b), any_value(wanted_pct), min(params_b) / 2,
        coalesce(
            arg_min(printf('%s, %.1fB', model, params_b), params_b) filter (where score_pct >= wanted_pct), 'none'
        )
    ) as evidence
from able
having count(*) > 0
