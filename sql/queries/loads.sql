-- What each source gave to the last ten loads: records read, stored and quarantined
select load_id, source_id, state, rows_in, rows_stored, rows_quarantined, rows_added, rows_closed
from ops.load_sources
where load_id > (select max(load_id) - 10 from ops.load_sources)
order by load_id desc, source_id
