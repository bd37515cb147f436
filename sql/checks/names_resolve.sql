-- check: a name of a source that resolves to no model
-- severity: error
select a.source_id, a.source_name, a.model_id
from core.model_aliases as a
anti join core.models as m using (model_id)
