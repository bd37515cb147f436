-- check: a figure of many tries (a vote, the best of several, parallel compute) under a variant of a single try
-- severity: warn
select model_id, variant_id, score_pct, source_id, coalesce(protocol, run_id) as protocol, locator
from core.scores
where regexp_matches(
    coalesce(protocol, '') || ' ' || run_id,
    '\b(cons|maj|best[- ]of)[- ]?@?[( ]?\d|\bpass@([02-9]|1\d)|parallel|self-consistency|majority vot',
    'i'
)
order by all
