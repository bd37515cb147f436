-- The last load that changed the warehouse, and the one before it
select
    load_id,
    kind,
    status,
    as_of_at,
    endpoint,
    code_version,
    message,
    lag(as_of_at) over (order by load_id) as before_at,
    count(*) over () as n_loads
from ops.loads
where status in ('published', 'degraded')
order by load_id desc
limit 1
