-- The last load that changed the warehouse, and the one before it. Nights without news are left out: they are entered only
-- when a later load publishes.
with loads as (

    select *
    from ops.loads as l
    where l.status in ('published', 'degraded')
        and exists (
            select 1 from ops.load_sources as s
            where s.load_id = l.load_id and s.files_changed + s.files_gone > 0
        )

),

final as (

    select
        load_id,
        kind,
        status,
        as_of_at,
        endpoint,
        code_version,
        message,
        lag(as_of_at) over (order by as_of_at, load_id) as before_at,
        count(*) over () as n_loads
    from loads

)

select * from final
order by as_of_at desc, load_id desc
limit 1
