-- How many days after a proprietary model an open one reached its score, by several estimators, official models only.
-- A lag that is censored is at least (right) or at most (left) so many days: the match had not been seen by censored_on.
-- The estimators are described with mart.gap_lag; area and daily compare whole frontiers and name no models.
-- columns:
--   benchmark: Benchmark id
--   estimator (catch_up, catch_up_nats, backward, threshold, area, daily): catch_up, catch_up_nats, backward, threshold, area or daily
--   closed_model: Proprietary model; blank: whole frontiers are compared
--   open_model: Open model that matched it; blank: none yet, or whole frontiers are compared
--   lag_days: Days that the open side was later; negative: earlier
--   is_censored: Whether the match had not been seen
--   comparable_group: Variants that may be compared
--   tolerance_pct: Points below the score that still match; blank: the estimator has its own or none
--   threshold_pct: Fixed score that both sides had to reach; blank but for threshold
--   closed_released_on: Release date of the proprietary model
--   closed_score_pct: Its score, percent
--   open_released_on: Release date of the open model
--   open_score_pct: Its score, percent
--   censoring (right, left, none): right, left or none
--   censored_on: Last day on which the awaited side could be seen: proprietary models for backward and left-censored lags, else open ones; of area and daily the last day on which both sides had a new model
--   reason: Why the lag is censored; blank: it is not
--   median_lag_days: Median of the lags of this group, estimator and tolerance, which accounts for the censored ones; blank: none
--   median_lo_days: Lower end of its 90 % interval
--   median_hi_days: Upper end; blank beside a lower end: unbounded
with medians as (

    select comparable_group, estimator, tolerance_pct, median_lag_days, lo_days, hi_days
    from mart.gap_lag_summary
    where population = 'official' and sensitivity = 'all' and median_lag_days is not null

)

select
    benchmark,
    l.estimator,
    closed_model,
    open_model,
    lag_days,
    is_censored,
    l.comparable_group,
    l.tolerance_pct,
    threshold_pct,
    closed_released_on,
    closed_score_pct,
    open_released_on,
    open_score_pct,
    censoring,
    censored_on,
    reason,
    m.median_lag_days,
    m.lo_days as median_lo_days,
    m.hi_days as median_hi_days,
    case when lag_days is null then {
        'comparable_group': l.comparable_group,
        'estimator': l.estimator,
        'reason': coalesce(reason, 'no lag')
    } end as left_out
from mart.gap_lag as l
left join medians as m
    on m.comparable_group = l.comparable_group and m.estimator = l.estimator
    and m.tolerance_pct is not distinct from l.tolerance_pct
where population = 'official'
order by
    l.comparable_group, l.estimator, l.tolerance_pct nulls first, threshold_pct nulls first, closed_released_on nulls first,
    open_released_on nulls first, closed_model_id, open_model_id
