-- share of the new open bests on headline benchmarks since 2024 that a mixture of experts set, 0-1
with records as (

    select f.comparable_group, f.model, f.reached_on, f.observed_through_on, m.is_moe
    from mart.gap_frontier as f
    join core.comparable_groups as g using (comparable_group)
    join core.models as m using (model_id)
    where f.population = 'official' and g.is_headline and f.openness = 'open_weights' and f.reached_on >= date '2024-01-01'

)

select
    avg(is_moe::int) as computed_value,
    count(is_moe) as n,
    max(observed_through_on) as observed_through_on,
    printf('%d of %d; of %d more no source says', count(*) filter (where is_moe), count(is_moe), count(*) - count(is_moe))
    || coalesce(
        '; the last of each benchmark: ' || (
            select string_agg(
                comparable_group || ' ' || model
                || case is_moe when true then ' (mixture)' when false then ' (dense)' else ' (not stated)' end,
                '; ' order by comparable_group
            )
            from (
                select * from records qualify row_number() over (partition by comparable_group order by reached_on desc) = 1
            )
        ),
        ''
    ) as evidence
from records
having count(is_moe) > 0
