-- check: a model id that occurs twice, letter case aside
-- severity: error
-- Letters outside ASCII, in names of a source's own, have more than one lower case: these ids are compared as they are.
select
    case when strlen(model_id) = length(model_id) then lower(model_id) else model_id end as model_key,
    count(*) as n_rows
from core.models
group by all
having count(*) > 1
