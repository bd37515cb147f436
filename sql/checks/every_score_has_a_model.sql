-- check: a current score of history that core lacks
-- severity: error
select h.source_id, h.source_name, h.variant_id, h.locator
from history.scores as h
-- Not by variant: policy/corrections may file a score under another one.
anti join core.scores as c using (source_id, source_name, precision, has_chat_template, setting, run_id, path, locator, score_raw)
where h.valid_to is null
