-- The best measured open model in each size class, by MMLU of Open LLM Leaderboard v1
-- Official models alone: community fine-tunes and merges are left out.
select
    case
        when params_b < 3 then '1: below 3B'
        when params_b < 10 then '2: 3B to 10B'
        when params_b < 40 then '3: 10B to 40B'
        else '4: 40B and more'
    end as size_class,
    max_by(model, (score_pct, model)) as model,
    max_by(params_b, (score_pct, model)) as params_b,
    max(score_pct) as mmlu_pct,
    count(*) as n_models
from mart.model_scaling
where comparable_group = 'mmlu_measured' and population = 'official' and params_b is not null
group by size_class
order by size_class
