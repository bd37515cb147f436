-- What mart.model_scaling is made from, by comparable group.
with of_groups as (

    select distinct model_id, comparable_group from core.scores

)

select comparable_group, hash(s) as said from core.scores as s
union all
select g.comparable_group, hash(m) from of_groups as g join core.models as m using (model_id)
union all
select comparable_group, hash(b) from core.benchmarks as b
union all
select null, hash(r) from core.reporters as r
union all
select null, hash(e) from core.settings as e
union all
select null, hash(s) from core.sources as s
union all
select null, hash(c) from core.collections as c
union all
select null, hash(w) from core.citations as w
