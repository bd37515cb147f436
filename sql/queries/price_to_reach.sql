-- What a score costs per million tokens at the last prices known (not whether they are still sold): hosted open weights against proprietary models
with newest as (

    select *
    from mart.price_to_reach
    where population = 'official'
    qualify row_number() over (partition by comparable_group, score_threshold_pct, openness order by month desc) = 1

)

select
    g.display_name as measured,
    score_threshold_pct as at_least_pct,
    o.model_id as open_model,
    o.provider as host,
    round(o.blended_usd_per_mtok, 3) as open_usd_per_mtok,
    p.model_id as proprietary_model,
    round(p.blended_usd_per_mtok, 3) as proprietary_usd_per_mtok,
    round(p.blended_usd_per_mtok / o.blended_usd_per_mtok, 1) as times_cheaper,
    o.priced_on as open_priced_on,
    p.priced_on as proprietary_priced_on
from newest as o
join newest as p using (comparable_group, score_threshold_pct)
join core.comparable_groups as g using (comparable_group)
where o.openness = 'open_weights' and p.openness = 'proprietary' and g.is_headline
    and coalesce(g.caveats, '') not like '%mixed_protocols%'
order by g.display_name, score_threshold_pct
