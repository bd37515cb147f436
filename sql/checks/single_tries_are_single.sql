-- check: a figure of many tries (a vote, the best of several, parallel compute) under a variant of a single try
-- severity: warn
with runs as (

    -- A run has many scores.
    select distinct protocol, run_id from core.scores

),

many as (

    select protocol, run_id
    from runs
    where regexp_matches(
        coalesce(protocol, '') || ' ' || run_id,
        '\b(cons|maj|best[- ]of)[- ]?@?[( ]?\d|\bpass@([02-9]|1\d)|parallel|self-consistency|majority vot',
        'i'
    )

)

select s.model_id, s.variant_id, s.score_pct, s.source_id, coalesce(s.protocol, s.run_id) as protocol, s.locator
from core.scores as s
join many as m on m.run_id = s.run_id and m.protocol is not distinct from s.protocol
order by all
