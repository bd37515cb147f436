-- The size of each of the asked_models, with the statement that it rests on.
with sizes as (

    select
        k.kind,
        -- The active size of a dense model is its total, and rests on the statement of that.
        case when k.kind = 'params_active' and (is_moe or params_active <> params_total) then 'active' else 'total' end as evidence,
        model_id,
        case when k.kind = 'params_total' then params_method end as method,
        case when k.kind = 'params_total' then params_total else params_active end as params
    from core.models
    semi join asked_models using (model_id)
    cross join (values ('params_total'), ('params_active')) as k(kind)

),

chosen as (

    select * from core.parameter_evidence semi join asked_models using (model_id) where is_chosen

)

select
    z.kind,
    z.model_id as subject,
    coalesce(z.method, e.method) as said_text,
    z.params::double as said_value,
    e.source_id,
    mart.link(e.source_url, s.link_pattern, e.repo_id, e.revision, e.path) as source_url
from sizes as z
left join chosen as e on e.model_id = z.model_id and e.kind = z.evidence
left join core.sources as s on s.source_id = e.source_id
