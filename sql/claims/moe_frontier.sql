-- share of the MMLU levels 60, 65 .. 85 at which the open model with the fewest active parameters is a mixture of experts, 0-1; lo: the same by total parameters
with reached as (

    select
        level, p.model, p.params_active_b, p.params_b, p.params_active_b < p.params_b as is_mixture,
        g.observed_through_open_on as observed_through_on
    from mart.model_scaling as p
    join mart.gap_sides as g using (population, comparable_group)
    cross join (select unnest(generate_series(60, 85, 5)) as level)
    where p.comparable_group = 'mmlu_reported' and p.population = 'official' and p.openness = 'open_weights'
        and p.params_active_b is not null and p.score_pct >= level and p.released_on <= g.observed_through_open_on

),

leanest as (

    select
        level,
        any_value(observed_through_on) as observed_through_on,
        arg_min(is_mixture, (params_active_b, params_b, model)) as is_mixture,
        arg_min(is_mixture, (params_b, params_active_b, model)) as is_mixture_by_total,
        arg_min(printf('%s (%.1fB active)', model, params_active_b), (params_active_b, params_b, model)) as leanest,
        arg_min(printf('%s (%.1fB)', model, params_b), (params_b, params_active_b, model)) as smallest
    from reached
    group by level

)

select
    avg(is_mixture::int) as computed_value,
    avg(is_mixture_by_total::int) as lo,
    count(*) as n,
    any_value(observed_through_on) as observed_through_on,
    string_agg(printf('%d: %s, by total %s', level, leanest, smallest), '; ' order by level) as evidence
from leanest
having count(*) > 0
