-- What each model was made from, one row per row of core.model_bases, in order of the model.
select b.model_id, m.population, b.base_model_id, b.relation, b.source_id
from core.model_bases as b
join core.models as m using (model_id)
order by b.model_id, b.is_first desc, b.base_model_id, b.source_id, b.relation
