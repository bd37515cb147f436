-- What mart.parity, mart.parity_sensitivity and mart.parity_majority are made from.
select
    hash(
        populations, comparable_group, model_id, model, openness, released_on, score_pct, lo_pct, median_pct, hi_pct, stderr_pct
    ) as said
from points
union all
select hash(s) from sides as s
union all
select hash(g) from core.comparable_groups as g
union all
select hash(r) from core.rules as r where rule = 'current_days'
union all
select hash(getvariable('as_of'))
