-- What mart.self_report_gap is made from, by benchmark: scores with what decides which of several speaks, and the families of the
-- models.
select
    s.benchmark_id,
    hash(
        s.model_id, s.comparable_group, s.variant_id, s.reported_by, s.is_verified, s.score_pct, s.precision, s.evaluated_on,
        b.n_shot, w.chart_rank, e.has_tools, e.effort_rank, e.budget_tokens
    ) as said
from core.scores as s
join core.benchmarks as b using (variant_id)
left join core.reporters as w using (reported_by)
left join core.settings as e using (setting)
union all
select s.benchmark_id, hash(s.model_id, p.family)
from (select distinct benchmark_id, model_id from core.scores) as s
left join (select distinct model_id, family from points) as p using (model_id)
