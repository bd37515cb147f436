-- How many days open weights follow, by benchmark and estimator, official releases only
-- Groups named *_reported mix protocols.
select
    comparable_group,
    estimator,
    tolerance_pct,
    n_pairs,
    n_censored,
    round(coalesce(median_lag_days, mean_lag_days)) as lag_days,
    round(lo_days) as lo_days,
    round(hi_days) as hi_days,
    refusal_reason
from mart.gap_lag_summary
where population = 'official' and sensitivity = 'all' and coalesce(tolerance_pct, 1) in (0, 1) and n_pairs > 0
order by comparable_group, estimator, tolerance_pct
