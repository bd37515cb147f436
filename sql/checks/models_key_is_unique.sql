-- check: a model id that stands twice, letter case aside
-- severity: error
select lower(model_id) as model_key, count(*) as n_rows
from core.models
group by all
having count(*) > 1
