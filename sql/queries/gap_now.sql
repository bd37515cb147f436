-- The gap on the last day that could be observed, one line per comparable group, official releases only
select
    comparable_group,
    month,
    open_model_id,
    open_pct,
    proprietary_model_id,
    proprietary_pct,
    round(gap_pct, 1) as gap_pct,
    leads_since_on
from mart.gap_monthly
where population = 'official'
qualify row_number() over (partition by comparable_group order by month desc) = 1
order by comparable_group
