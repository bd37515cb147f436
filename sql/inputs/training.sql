-- What mart.tokens_per_parameter and mart.scaling_laws are made from.
select hash(model_id, params_total, params_active, is_moe, training_tokens) as said
from core.models
where training_tokens is not null
union all
select hash(content) from history.policy_files where valid_to is null and name = 'scaling_laws'
