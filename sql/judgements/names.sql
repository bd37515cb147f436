-- The model that each name of the asked_models means; null where it leads nowhere.
select
    'name' as kind,
    source_id || ': ' || source_name as subject,
    case when method <> 'unresolved' then model_id end as said_text,
    null::double as said_value,
    source_id,
    null::varchar as source_url
from core.model_aliases
semi join asked_models using (model_id)
