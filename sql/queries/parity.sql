-- Does the best open model match the best proprietary one, by benchmark and population?
-- Headline groups alone: of each benchmark those of one evaluator where both sides still come, else those of mixed protocols.
select
    comparable_group,
    population,
    verdict,
    verdict_now,
    round(difference_pct, 1) as difference_pct,
    round(tolerance_pct, 1) as tolerance_pct,
    open_model,
    proprietary_model,
    n_open,
    n_proprietary,
    compared_on,
    is_current
from mart.parity
where is_headline
order by comparable_group, population <> 'official', population
