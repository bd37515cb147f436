-- check: an alias of policy that leads to a model of no vendor, which no source names and no reference lists
-- severity: error
select a.source_id, a.source_name, a.model_id
from core.model_aliases as a
join core.models as m using (model_id)
where a.method = 'alias'
    and not m.is_official
    and a.model_id not in (select model_id from core.model_aliases where method <> 'alias')
