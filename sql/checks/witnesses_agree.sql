-- check: a measurement that reaches the warehouse twice with two figures
-- severity: warn
select model_id, variant, source_id, score_pct, witness_source_id, witness_run_id, witness_pct
from mart.witnesses
where not is_equal
