-- Statements about a model's size that differ from the chosen one by over 10 percent, with what is known for or against them.
-- One row per model, kind and disagreeing statement. A row of policy/parameter_overrides.csv settles an unexplained one.
-- columns:
--   model_id: = core.models
--   kind (total, active): Which parameters are counted
--   chosen_method: Method of the chosen statement
--   chosen_params: Count of the chosen statement
--   method: Method of the disagreeing statement
--   params: Count of the disagreeing statement
--   disagreement_pct: Distance from the chosen count in percent of that
--   state (settled, doubted, name, open): settled (policy/parameter_overrides.csv decides), doubted (reason says why it is not believed), name (a name is at times not the size) or open
--   reason: Reason to doubt the disagreeing statement; null: none
--   n_scores: Scores of the model that a chart of sizes would draw
--   source_id: Source of the disagreeing statement
--   source_place: File, commit and place of the disagreeing statement
create view mart.parameter_disagreement as
with chosen as (

    select model_id, kind, method, params
    from core.parameter_evidence
    where is_chosen

),

scored as (

    select model_id, count(*) as n_scores
    from core.scores
    group by all

),

final as (

    select
        e.model_id,
        e.kind,
        c.method as chosen_method,
        c.params as chosen_params,
        e.method,
        e.params,
        e.disagreement_pct,
        case
            when c.method = 'override' then 'settled'
            when e.is_doubtful then 'doubted'
            when e.method in ('name', 'card_text') then 'name'
            else 'open'
        end as state,
        e.reason,
        coalesce(s.n_scores, 0) as n_scores,
        e.source_id,
        concat_ws(' ', e.repo_id || '@' || e.revision[:12], e.path, e.locator) as source_place
    from core.parameter_evidence as e
    join chosen as c using (model_id, kind)
    left join scored as s using (model_id)
    where e.is_disagreeing

)

select * from final
