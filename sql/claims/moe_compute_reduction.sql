-- total over active parameters of DeepSeek-V2: by how much 2 N_active per token is less than 2 N_total
select
    params_total / params_active as computed_value,
    1 as n,
    printf('%.0fB total, %.0fB active', params_total / 1e9, params_active / 1e9) as evidence
from core.models
where model_id = 'deepseek-ai/DeepSeek-V2' and params_active > 0 and params_total is not null
