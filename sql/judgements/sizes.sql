-- The size of each model, with the statement that it rests on.
with sizes as (

    select 'params_total' as kind, 'total' as evidence, model_id, params_method as method, params_total as params from core.models
    union all
    -- The active size of a dense model is its total, and rests on the statement of that.
    select 'params_active', case when is_moe or params_active <> params_total then 'active' else 'total' end, model_id, null, params_active
    from core.models

)

select
    z.kind,
    z.model_id as subject,
    coalesce(z.method, e.method) as said_text,
    z.params::double as said_value,
    e.source_id,
    mart.link(e.source_url, s.link_pattern, e.repo_id, e.revision, e.path) as source_url
from sizes as z
left join core.parameter_evidence as e on e.model_id = z.model_id and e.kind = z.evidence and e.is_chosen
left join core.sources as s on s.source_id = e.source_id
