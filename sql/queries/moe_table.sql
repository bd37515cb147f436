-- The article's architecture table and other mixtures of experts: sizes, MMLU, relative cost, and the size of an equivalent dense model
select
    model,
    params_total_b,
    params_active_b,
    tuning,
    mmlu_reported_pct,
    round(inference_cost_relative, 2) as inference_cost_relative,
    round(dense_equivalent_b, 1) as dense_equivalent_b,
    round(times_active, 1) as times_active,
    round(curve_r2, 2) as curve_r2,
    dense_equivalent_note
from mart.moe_efficiency
where mmlu_reported_pct is not null and (is_moe or model_id in (select model_id from mart.article_table))
order by params_total_b, model_id
