-- What a score costs per million tokens, at the last prices listed of models not known to be withdrawn: hosted open against proprietary ones
-- A list may go on naming the price of a model that its vendor serves no longer: withdrawn_proprietary is the cheapest such model. Where
-- proprietary_withdrawn_on is known, nothing else that reaches the score has a price. Official models alone, in the groups that
-- core.comparable_groups calls headline, those of mixed protocols left out. How prices fell over the years is in no list at hand: each is of
-- one day for most models, and a later list may differ because it is another. mart.price_to_reach has the months, with is_later. Models
-- that reach the score and of which no list names a price that is surely theirs, sold or not, are counted (open_unpriced,
-- proprietary_unpriced): one may be cheaper.
with newest as (

    select *
    from mart.price_to_reach
    where population = 'official'
    qualify row_number() over (partition by comparable_group, score_threshold_pct, openness order by month desc) = 1

),

gone as (

    select
        s.comparable_group,
        s.score_pct,
        p.blended_usd_per_mtok,
        printf('%s, listed at %.3f, withdrawn on %s', p.model_id, p.blended_usd_per_mtok, p.withdrawn_on) as said
    from core.prices as p
    join mart.model_scaling as s using (model_id)
    where p.withdrawn_on <= (select max(as_of_at)::date from ops.loads)

)

select
    g.display_name as measured,
    o.score_threshold_pct as at_least_pct,
    o.model_id as open_model,
    o.provider as host,
    round(o.blended_usd_per_mtok, 3) as open_usd_per_mtok,
    p.model_id as proprietary_model,
    round(p.blended_usd_per_mtok, 3) as proprietary_usd_per_mtok,
    case when p.withdrawn_on is null then round(p.blended_usd_per_mtok / o.blended_usd_per_mtok, 1) end as times_cheaper,
    o.priced_through_on as open_priced_on,
    p.priced_through_on as proprietary_priced_on,
    o.n_unpriced as open_unpriced,
    p.n_unpriced as proprietary_unpriced,
    p.withdrawn_on as proprietary_withdrawn_on,
    min_by(w.said, (w.blended_usd_per_mtok, w.said)) as withdrawn_proprietary
from newest as o
join newest as p using (comparable_group, score_threshold_pct)
join core.comparable_groups as g using (comparable_group)
left join gone as w
    on w.comparable_group = o.comparable_group
    and w.score_pct >= o.score_threshold_pct
    and w.blended_usd_per_mtok < p.blended_usd_per_mtok
where o.openness = 'open_weights' and p.openness = 'proprietary' and g.is_headline
    and coalesce(g.caveats, '') not like '%mixed_protocols%'
group by all
order by measured, at_least_pct
