-- What mart.paper_claims is made from: all other results, what their inputs do not hold of core, and the claims. They say the day
-- of the state.
select hash(i) as said from ops.analysis_inputs as i where analysis <> 'paper_claims'
union all
select hash(m) from core.models as m
union all
select hash(e) from core.parameter_evidence as e
union all
select hash(g) from core.comparable_groups as g
union all
select hash(s) from core.sources as s
union all
select hash(s) from core.submissions as s
union all
select hash(source_id, source_name, subtask, evaluated_on) from core.subtask_scores where benchmark_id = 'mmlu'
union all
select hash(content) from history.policy_files where valid_to is null and name = 'claims'
union all
select hash(getvariable('as_of'))
