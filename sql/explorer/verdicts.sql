-- Best open against best proprietary model on the day compared, one row per row of mart.parity.
select
    population,
    comparable_group,
    compared_on,
    verdict,
    verdict_now,
    is_current,
    difference_pct,
    difference_lo_pct,
    difference_hi_pct,
    tolerance_pct,
    n_open,
    n_undated_open,
    n_proprietary,
    n_undated_proprietary
from mart.parity
order by population, comparable_group
