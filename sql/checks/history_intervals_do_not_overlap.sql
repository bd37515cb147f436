-- check: one key believed twice at one instant
-- severity: error
with repeated as (

    -- Nearly all keys have one row, which overlaps with none.
    select hash(source_id, source_name, variant_id, precision, has_chat_template, setting, run_id) as key_hash
    from history.scores
    group by key_hash
    having count(*) > 1

)

select source_id, source_name, variant_id, precision, has_chat_template, setting, run_id, valid_from, next_valid_from
from (
    select
        *,
        lead(valid_from) over (
            partition by source_id, source_name, variant_id, precision, has_chat_template, setting, run_id
            order by valid_from, valid_to nulls last
        ) as next_valid_from
    from history.scores
    where hash(source_id, source_name, variant_id, precision, has_chat_template, setting, run_id) in (from repeated)
)
where next_valid_from < coalesce(valid_to, timestamp '9999-12-31')
