-- The licence of each of the asked_models with its class and the openness, and one statement of it.
with statements as (

    select
        a.model_id,
        h.license_text,
        min({'source_id': h.source_id, 'repo_id': h.repo_id, 'revision': h.revision, 'path': h.path}) as of_file
    from history.models as h
    join core.model_aliases as a using (source_id, source_name)
    semi join asked_models using (model_id)
    where h.valid_to is null and h.license_text is not null
    group by all

)

select
    'license' as kind,
    m.model_id as subject,
    coalesce(m.license_id, m.license_text, 'no licence') || ' (' || m.license_class || ', ' || m.openness || ')' as said_text,
    null::double as said_value,
    t.of_file.source_id,
    mart.link(null, s.link_pattern, t.of_file.repo_id, t.of_file.revision, t.of_file.path) as source_url
from core.models as m
semi join asked_models using (model_id)
left join statements as t on t.model_id = m.model_id and t.license_text = m.license_text
left join core.sources as s on s.source_id = t.of_file.source_id
