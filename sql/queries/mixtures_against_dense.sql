-- Mixtures of experts against dense models: the dense size that would have a mixture's MMLU as reported, and how often its active size that is
select
    d.model,
    m.released_on,
    round(m.params_total / 1e9, 1) as params_total_b,
    round(d.params_active_b, 1) as params_active_b,
    round(d.score_norm_pct, 1) as score_norm_pct,
    d.era,
    round(coalesce(d.equivalent_params_b, d.at_least_b), 1) as dense_params_b,
    d.equivalent_params_b is null as is_at_least,
    round(coalesce(d.equivalent_params_b, d.at_least_b) / d.params_active_b, 1) as times_active,
    d.reason
from mart.dense_equivalent as d
join core.models as m using (model_id)
where d.comparable_group = 'mmlu_reported' and m.is_moe
order by m.released_on desc, d.model
