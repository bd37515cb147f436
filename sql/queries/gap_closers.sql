-- Who closed the gap and when: the first open model within a point of each proprietary best, for the newest ten bests on MMLU
-- Official models alone: community fine-tunes and merges are left out.
select
    closed_model,
    closed_released_on,
    round(closed_score_pct, 1) as closed_pct,
    open_model,
    open_released_on,
    round(open_score_pct, 1) as open_pct,
    lag_days,
    censoring
from mart.gap_lag
where estimator = 'catch_up' and comparable_group = 'mmlu_reported' and population = 'official' and tolerance_pct = 1
order by closed_released_on desc
limit 10
