-- share of the dense open models of 3 to 5 times its active size, released in the year up to it, whose MMLU DeepSeek-V2 matches or exceeds, 0-1
with mixture as (

    select model_id, params_active_b, score_pct, released_on
    from mart.model_scaling
    where model_id = 'deepseek-ai/DeepSeek-V2' and comparable_group = 'mmlu_reported' and params_active_b is not null

),

dense as (

    select p.model, p.params_b, p.score_pct, p.score_pct <= m.score_pct + g.match_tolerance_pct as is_matched
    from mart.model_scaling as p
    join core.comparable_groups as g using (comparable_group)
    cross join mixture as m
    where p.comparable_group = 'mmlu_reported' and p.population = 'official' and p.openness = 'open_weights'
        and p.model_id <> m.model_id and p.released_on between m.released_on - interval 1 year and m.released_on
        and (p.is_moe is false or p.params_active_b = p.params_b)
        and p.params_b between 3 * m.params_active_b and 5 * m.params_active_b

)

select
    avg(is_matched::int) as computed_value,
    count(*) as n,
    (select max(released_on) from mixture) as observed_through_on,
    printf('DeepSeek-V2 %.1f; ', (select score_pct from mixture))
    || string_agg(printf('%s %.0fB %.1f', model, params_b, score_pct), '; ' order by score_pct desc, model) as evidence
from dense
having count(*) > 0
