-- Scores that the last load brought, changed or ended, by source
with opened as (

    select source_id, source_name, variant_id, precision, has_chat_template, setting, run_id
    from history.scores
    where load_id = getvariable('last_load_id')

),

closed as (

    select source_id, source_name, variant_id, precision, has_chat_template, setting, run_id
    from history.scores
    where closed_load_id = getvariable('last_load_id')

),

final as (

    select
        coalesce(o.source_id, c.source_id) as source_id,
        count(*) filter (where c.source_id is null) as n_new,
        count(*) filter (where o.source_id is not null and c.source_id is not null) as n_changed,
        count(*) filter (where o.source_id is null) as n_ended
    from opened as o
    full join closed as c using (source_id, source_name, variant_id, precision, has_chat_template, setting, run_id)
    group by all

)

select * from final
order by source_id
