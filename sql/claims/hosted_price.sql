-- how many times less the cheapest hosted open model costs per token than the cheapest proprietary one of the same score
with newest as (

    select *
    from mart.price_to_reach
    where population = 'official'
    qualify row_number() over (partition by comparable_group, score_threshold_pct, openness order by month desc) = 1

),

ratios as (

    select
        comparable_group,
        score_threshold_pct,
        p.blended_usd_per_mtok / o.blended_usd_per_mtok as ratio,
        greatest(o.priced_through_on, p.priced_through_on) as priced_on
    from newest as o
    join newest as p using (comparable_group, score_threshold_pct)
    join core.comparable_groups as g using (comparable_group)
    where o.openness = 'open_weights' and p.openness = 'proprietary' and p.withdrawn_on is null and g.is_headline
        and coalesce(g.caveats, '') not like '%mixed_protocols%' and o.blended_usd_per_mtok > 0

)

select
    round(median(ratio), 2) as computed_value,
    count(*) as n,
    round(min(ratio), 2) as lo,
    round(max(ratio), 2) as hi,
    printf(
        'median of %d scores of %d benchmarks, %.1f to %.1f times, 5 or more at %d, below 1 at %d; prices of %s',
        count(*), count(distinct comparable_group), min(ratio), max(ratio),
        count(*) filter (where ratio >= 5), count(*) filter (where ratio < 1), max(priced_on)
    ) as evidence
from ratios
having count(*) > 0
