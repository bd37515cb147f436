-- The books of the last ten loads: what each source gave, stored and lost to quarantine
select load_id, source_id, state, rows_in, rows_stored, rows_quarantined, rows_added, rows_closed
from ops.load_sources
where load_id > (select max(load_id) - 10 from ops.load_sources)
order by load_id desc, source_id
