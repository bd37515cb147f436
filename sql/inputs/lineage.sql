-- What mart.lineage is made from.
select hash(model_id, base_model_id, relation) as said from core.model_bases
union all
select hash(model_id, is_merge) from core.models
