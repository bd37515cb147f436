-- check: a name that leads to a model which is itself, as a name, led to another: a chain or a circle of aliases
-- severity: error
select a.source_id, a.source_name, a.model_id, b.source_id as next_source_id, b.model_id as next_model_id
from core.model_aliases as a
join core.model_aliases as b
    on lower(b.source_name) = lower(a.model_id)
    and lower(b.model_id) <> lower(a.model_id)
where a.method in ('alias', 'hub_link', 'hub_rename')
