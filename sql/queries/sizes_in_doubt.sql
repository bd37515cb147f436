-- Sizes that sources state over 10 percent apart, the unexplained first
select
    model_id,
    kind,
    chosen_method,
    chosen_params,
    method,
    params,
    round(disagreement_pct, 1) as off_pct,
    state,
    reason,
    source_place
from mart.parameter_disagreement
order by state = 'open' desc, n_scores desc, model_id, kind, method
