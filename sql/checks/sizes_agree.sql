-- check: a model with sizes that differ by over 10 percent and no reason for or against one; settle it in policy/parameter_overrides.csv
-- severity: warn
select model_id, kind, method, params, disagreement_pct
from core.parameter_evidence
where is_disagreeing
    and not is_doubtful
    and method not in ('name', 'card_text')
    and (model_id, kind) not in (select (model_id, kind) from core.parameter_evidence where method = 'override')
