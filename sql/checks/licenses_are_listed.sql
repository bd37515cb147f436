-- check: a licence text that policy/licenses.csv does not list, not even as unknown
-- severity: warn
select license_text, count(*) as n_models, min(model_id) as example
from core.models
where license_reason like '%does not list it'
group by all
