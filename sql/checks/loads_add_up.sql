-- check: records read that are neither stored nor quarantined
-- severity: error
select load_id, source_id, rows_in, rows_stored, rows_quarantined
from ops.load_sources
where rows_in <> rows_stored + rows_quarantined
