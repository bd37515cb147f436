-- The article's architecture table: total and active size, MMLU and relative inference cost
select model, params_total_b, params_active_b, tuning, mmlu_reported_pct, inference_cost_relative
from mart.moe_efficiency
where mmlu_reported_pct is not null
order by params_total_b
