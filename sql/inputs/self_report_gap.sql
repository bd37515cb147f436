-- What mart.self_report_gap is made from, by benchmark: scores, and the families of the models.
select benchmark_id, hash(model_id, comparable_group, variant_id, reported_by, is_verified, score_pct) as said
from core.scores
union all
select s.benchmark_id, hash(s.model_id, p.family)
from (select distinct benchmark_id, model_id from core.scores) as s
left join (select distinct model_id, family from points) as p using (model_id)
