-- share of the headline groups whose best open model is a mixture of experts, 0-1
with records as (

    select
        f.comparable_group, f.model, f.reached_on, f.observed_through_on, m.is_moe,
        f.reached_on = max(f.reached_on) over (partition by f.comparable_group) as is_best
    from mart.gap_frontier as f
    join mart.parity as p using (population, comparable_group)
    join core.models as m using (model_id)
    where f.population = 'official' and p.is_headline and f.openness = 'open_weights'

)

select
    avg(is_moe::int) filter (where is_best) as computed_value,
    count(is_moe) filter (where is_best) as n,
    max(observed_through_on) as observed_through_on,
    string_agg(
        comparable_group || ': ' || model
        || case is_moe when true then ' (mixture)' when false then ' (dense)' else ' (not stated)' end,
        '; ' order by comparable_group
    ) filter (where is_best)
    || printf(
        '; of the bests since 2024 %d of %d',
        count(*) filter (where is_moe and reached_on >= date '2024-01-01'),
        count(is_moe) filter (where reached_on >= date '2024-01-01')
    ) as evidence
from records
having count(is_moe) filter (where is_best) > 0
