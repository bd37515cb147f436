-- share of the MMLU levels 60, 65 .. 85 at which the open model with the fewest active parameters is a mixture of experts, 0-1
with reached as (

    select level, p.model, p.params_active_b, p.params_b, p.is_moe
    from mart.model_scaling as p, (select unnest(generate_series(60, 85, 5)) as level)
    where p.comparable_group = 'mmlu_reported' and p.population = 'official' and p.openness = 'open_weights'
        and p.params_active_b is not null and p.score_pct >= level

),

leanest as (

    select *
    from reached
    qualify row_number() over (partition by level order by params_active_b, params_b, model) = 1

)

select
    avg((params_active_b < params_b)::int) as computed_value,
    count(*) as n,
    string_agg(printf('%d: %s (%.1fB active)', level, model, params_active_b), '; ' order by level) as evidence
from leanest
having count(*) > 0
