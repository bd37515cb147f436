-- check: a model whose size is stated differently by over 10 percent; settle it in policy/parameter_overrides.csv
-- severity: warn
select model_id, kind, method, params, disagreement_pct
from core.parameter_evidence
where is_disagreeing and method not in ('name', 'card_text')
