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
    full join closed as c on o.source_id = c.source_id
        and o.source_name = c.source_name
        and o.variant_id = c.variant_id
        and o.precision = c.precision
        and o.setting = c.setting
        and o.run_id = c.run_id
        and o.has_chat_template is not distinct from c.has_chat_template
    group by all

)

select * from final
order by source_id
