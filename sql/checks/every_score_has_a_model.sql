-- check: a current score of history that core lacks
-- severity: error
select h.source_id, h.source_name, h.variant_id, h.locator
from history.scores as h
anti join core.scores as c using (source_id, source_name, variant_id, precision, has_chat_template, setting, run_id)
where h.valid_to is null
