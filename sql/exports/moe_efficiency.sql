-- Total and active size, MMLU and relative inference cost; only models with an MMLU score as reported.
select
    model,
    organization,
    case openness when 'open_weights' then 'Open' else 'Proprietary' end as openness,
    tuning,
    is_moe,
    params_total_b,
    params_active_b,
    mmlu_reported_pct as score_pct,
    mmlu_reported_n_shot as n_shot,
    inference_cost_relative,
    released_on
from mart.moe_efficiency
where mmlu_reported_pct is not null and openness in ('open_weights', 'proprietary')
order by openness, params_total_b, model_id
