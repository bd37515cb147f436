-- check: two current scores with one key
-- severity: error
with repeated as (

    -- Nearly all keys have one row.
    select hash(source_id, source_name, variant_id, precision, has_chat_template, setting, run_id) as key_hash
    from core.scores
    group by key_hash
    having count(*) > 1

)

select source_id, source_name, variant_id, precision, has_chat_template, setting, run_id, count(*) as n_rows
from core.scores
where hash(source_id, source_name, variant_id, precision, has_chat_template, setting, run_id) in (from repeated)
group by all
having count(*) > 1
