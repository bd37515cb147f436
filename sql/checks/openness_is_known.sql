-- check: a scored model for which no source says whether its weights are open
-- severity: warn
select distinct m.model_id, s.source_id
from core.models as m
join core.scores as s using (model_id)
where m.openness = 'unknown'
