-- Models whose size is stated differently by over 10 percent, with every statement
select model_id, kind, method, params, is_chosen, round(disagreement_pct, 1) as off_pct, source_id, path, locator
from core.parameter_evidence
where model_id in (select model_id from core.parameter_evidence where is_disagreeing)
order by model_id, kind, is_chosen desc, method
