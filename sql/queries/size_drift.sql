-- Drift of a model's size between sources: what they say of it that differs from the chosen one by over 10 percent, the largest first
select
    model_id,
    kind,
    chosen_method,
    round(chosen_params / 1e9, 2) as chosen_b,
    method,
    round(params / 1e9, 2) as said_b,
    round(disagreement_pct, 1) as off_pct,
    reason,
    source_place
from mart.parameter_disagreement
order by disagreement_pct desc, model_id, method, source_place
