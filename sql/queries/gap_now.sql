-- The gap at the end of what can be observed, one line per comparable group
select comparable_group, month, open_model_id, open_pct, proprietary_model_id, proprietary_pct, round(gap_pct, 1) as gap_pct
from mart.gap_monthly
qualify row_number() over (partition by comparable_group order by month desc) = 1
order by comparable_group
