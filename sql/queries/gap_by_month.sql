-- The gap on MMLU as reported at the end of each month, in points, with who led
-- Official models alone: community fine-tunes and merges are left out.
-- MMLU as reported mixes protocols: these are figures of vendors and others, each under the protocol of its source.
select
    month,
    leader,
    open_model_id,
    round(open_pct, 1) as open_pct,
    proprietary_model_id,
    round(proprietary_pct, 1) as proprietary_pct,
    round(gap_pct, 1) as gap_pct,
    n_open,
    n_proprietary
from mart.gap_monthly
where comparable_group = 'mmlu_reported' and population = 'official'
order by month
