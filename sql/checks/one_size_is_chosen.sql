-- check: a model with two chosen sizes of one kind, or with sizes but without a chosen one
-- severity: error
select model_id, kind, count(*) filter (where is_chosen) as n_chosen
from core.parameter_evidence
where params is not null
group by all
having count(*) filter (where is_chosen) <> 1
