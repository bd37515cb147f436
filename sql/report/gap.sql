-- Best open against best proprietary model in the headline groups, then in others of their benchmarks: since when the side leads, and the lag
with leads as (

    select
        comparable_group,
        arg_max(leader, day) as leader,
        arg_max(leads_since_on, day) as leads_since_on
    from mart.gap_daily
    where population = 'official'
    group by comparable_group

),

lags as (

    select *
    from mart.gap_lag_summary
    where population = 'official' and estimator = 'catch_up' and tolerance_pct = 1 and sensitivity = 'all'

)

select
    g.display_name,
    p.is_headline,
    p.verdict,
    p.verdict_now,
    p.is_current,
    p.difference_lo_pct,
    p.difference_hi_pct,
    p.open_newest_model,
    p.open_newest_on,
    p.proprietary_newest_model,
    p.proprietary_newest_on,
    p.difference_pct,
    p.open_model,
    p.open_score_pct,
    p.proprietary_model,
    p.proprietary_score_pct,
    p.compared_on,
    l.leader,
    l.leads_since_on,
    s.median_lag_days,
    s.lo_days,
    s.hi_days,
    s.n_pairs,
    s.n_censored
from mart.parity as p
join core.comparable_groups as g using (comparable_group)
left join leads as l using (comparable_group)
left join lags as s using (comparable_group)
where p.population = 'official' and g.is_headline and (p.is_headline or p.difference_pct is not null)
order by p.is_headline desc, g.display_name
