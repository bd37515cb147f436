-- The article's architecture table and other mixtures of experts: sizes, MMLU, relative cost, and the size of an equivalent dense model
-- MMLU as reported mixes protocols: these are figures of vendors and others, each under the protocol of its source.
select
    m.model,
    round(m.params_total_b, 1) as params_total_b,
    round(m.params_active_b, 1) as params_active_b,
    m.tuning,
    round(m.mmlu_reported_pct, 1) as mmlu_reported_pct,
    round(m.inference_cost_relative, 2) as inference_cost_relative,
    round(m.dense_equivalent_b, 1) as dense_equivalent_b,
    round(m.times_active, 1) as times_active,
    e.era as curve_era,
    round(m.curve_r2, 2) as curve_r2,
    m.dense_equivalent_note
from mart.moe_efficiency as m
left join mart.dense_equivalent as e on e.model_id = m.model_id and e.comparable_group = 'mmlu_reported'
where (m.is_moe and m.mmlu_reported_pct is not null) or m.model_id in (select model_id from mart.article_table)
order by m.params_total_b, m.model_id
