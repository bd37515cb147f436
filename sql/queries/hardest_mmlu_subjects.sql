-- The hardest subjects of MMLU: median accuracy of all runs with published subtasks
select
    subtask,
    count(distinct model_id) as n_models,
    round(100 * median(score_raw), 1) as median_pct,
    round(100 * max(score_raw), 1) as best_pct,
    max_by(model_id, score_raw) as best_model
from core.subtask_scores
where benchmark_id = 'mmlu' and metric = 'acc' and subtask is not null
group by subtask
order by median_pct, subtask
