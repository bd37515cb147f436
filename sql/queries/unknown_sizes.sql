-- Unknown sizes: why models of the official population have none, by side, and the best of each on MMLU as reported (null: none has it)
select
    m.openness,
    m.params_reason,
    count(distinct m.model_id) as n_models,
    max_by(s.model, s.score_pct) as best_model,
    round(max(s.score_pct), 1) as its_mmlu_pct
from core.models as m
left join mart.model_scaling as s on s.model_id = m.model_id and s.comparable_group = 'mmlu_reported'
where m.params_total is null and m.population = 'official'
group by all
order by n_models desc, m.openness, m.params_reason
