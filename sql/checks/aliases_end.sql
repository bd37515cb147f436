-- check: a name that leads to a model which is itself, as a name, led to another: a chain or a circle of aliases
-- severity: error
select a.source_id, a.source_name, a.model_id, b.source_id as next_source_id, b.model_id as next_model_id
from core.model_aliases as a
join core.model_aliases as b
    on lower(b.source_name) = lower(a.model_id)
    and lower(b.model_id) <> lower(a.model_id)
    -- A name of a source's own is not one of the Hub's, though it may be spelt like one.
    and b.source_id not in (select source_id from core.sources where names = 'own')
    -- Of a name whose redirect is not believed the Hub's own answers are still about the other model.
    and lower(b.source_name) not in (select lower(source_name) from core.model_aliases where reason is not null)
where a.method in ('alias', 'hub_link', 'hub_rename')
