-- Records in quarantine, counted by source and rule beside what the source gave in its newest load, with one example each
with refused as (

    select source_id, rule, any_value(reason) as reason, count(*) as n_records, min(offending_text) as example
    from ops.quarantine
    where valid_to is null
    group by source_id, rule

)

select g.source_id, g.rows_in as n_read, coalesce(r.n_records, 0) as n_refused, r.rule, r.reason, r.example
from (
    select source_id, rows_in
    from ops.load_sources
    where rows_in > 0
    qualify row_number() over (partition by source_id order by load_id desc) = 1
) as g
full join refused as r using (source_id)
order by n_refused desc, g.source_id, r.rule
