-- What each source gave to the last load
select *
from ops.load_sources
where load_id = (select max(load_id) from ops.loads where status in ('published', 'degraded'))
order by state in ('loaded', 'unchanged'), source_id
