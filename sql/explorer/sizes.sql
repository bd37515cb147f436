-- Every statement on the size of a model, one row per row of core.parameter_evidence, the chosen ones first. The model's id is
-- written {model_id} within repository and link, so that they repeat. population is the model's kind, as in scores.sql.
with works as (

    select
        source_id,
        mart.common_license(license_id) as license_id
    from core.citations
    where collection_id is null
    group by source_id

)

select
    e.model_id,
    m.population,
    { 'kind': e.kind, 'method': e.method, 'confidence': e.confidence, 'source_id': e.source_id } as statement,
    e.params,
    e.reason,
    e.is_doubtful,
    e.is_chosen,
    e.disagreement_pct,
    e.precision,
    nullif(e.source_name, e.model_id) as source_name,
    {
        'repo_id': replace(e.repo_id, e.model_id, '{model_id}'),
        'revision': e.revision,
        'path': e.path,
        'link': replace(
            mart.link(e.source_url, about.link_pattern, e.repo_id, e.revision, e.path), e.model_id, '{model_id}'
        )
    } as file,
    e.locator,
    -- Policy is this project's own.
    case when e.source_id = 'policy' then 'Apache-2.0' else works.license_id end as license_id
from core.parameter_evidence as e
join core.models as m using (model_id)
left join core.sources as about on about.source_id = e.source_id
left join works on works.source_id = e.source_id
order by
    e.model_id,
    e.kind,
    e.is_chosen desc,
    e.confidence desc,
    e.source_id,
    e.method,
    e.precision,
    e.source_name,
    e.repo_id,
    e.path,
    e.locator,
    e.revision,
    e.params,
    e.reason,
    e.source_url
