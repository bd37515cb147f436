-- What each source gave to the last load
select *
from ops.load_sources
where load_id = getvariable('last_load_id')
order by state in ('loaded', 'unchanged'), source_id
