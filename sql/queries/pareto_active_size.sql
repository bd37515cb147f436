-- The Pareto front of score and active size: open models that no other listed here beats on MMLU as reported with as few active parameters
-- Official models alone: community fine-tunes and merges are left out.
-- MMLU as reported mixes protocols: these are figures of vendors and others, each under the protocol of its source.
select
    model, is_moe, round(params_active_b, 2) as params_active_b, round(params_b, 2) as params_total_b, score_pct, released_on
from mart.model_scaling
where comparable_group = 'mmlu_reported'
    and population = 'official' and openness = 'open_weights' and params_active_b is not null
qualify score_pct > coalesce(
    max(score_pct) over (
        order by params_active_b, score_pct desc, model rows between unbounded preceding and 1 preceding
    ), 0
)
order by params_active_b
