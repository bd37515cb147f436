-- The hardest subjects of MMLU: median accuracy over the models that have published all subjects, the best value of each
with of_models as (

    select model_id, source_id, subtask, max(score_raw) as score_raw
    from core.subtask_scores
    where benchmark_id = 'mmlu' and metric = 'acc' and subtask is not null and model_id is not null
    group by model_id, source_id, subtask

),

-- Subjects of other models would be compared by who published them; a source that has some subjects says nothing of the whole.
whole as (

    select model_id, min(source_id) as source_id
    from (
        select model_id, source_id
        from of_models
        group by model_id, source_id
        having count(*) = (select count(distinct subtask) from of_models)
    )
    group by model_id

),

of_one_source as (

    select * from of_models semi join whole using (model_id, source_id)

)

select
    subtask,
    count(*) as n_models,
    round(100 * median(score_raw), 1) as median_pct,
    round(100 * max(score_raw), 1) as best_pct,
    max_by(model_id, (score_raw, model_id)) as best_model
from of_one_source
group by subtask
order by median_pct, subtask
