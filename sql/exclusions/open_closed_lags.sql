-- Lags that open_closed_lags.csv does not have, with the reason why there is none.
select comparable_group, estimator, coalesce(reason, 'no lag') as reason, count(*) as n
from mart.gap_lag
where population = 'official' and lag_days is null
group by all
order by comparable_group, estimator, reason
