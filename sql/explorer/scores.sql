-- Every score with its protocol and place, one row per row of core.scores; is_charted: mart.model_scaling chose it to stand for
-- the model in its group, with the n_values that it was chosen from. population is the model's kind, by which the explorer keeps
-- scores in separate files. score_raw is null where it is score_pct; source_name where it is the model's id.
with works as (

    select
        source_id,
        collection_id,
        mart.common_license(license_id) as license_id
    from core.citations
    group by source_id, collection_id

),

chosen as (

    select
        model_id,
        comparable_group,
        variant,
        setting,
        score_source,
        true as is_charted,
        n_values,
        lo_pct,
        hi_pct,
        case when n_values > 1 then chosen_because end as chosen_because
    from mart.model_scaling

),

placed as (

    select *, mart.place(source_id, repo_id, revision, path, locator) as place from core.scores

)

select
    s.model_id,
    m.population,
    {
        'comparable_group': s.comparable_group,
        'variant_id': s.variant_id,
        'score_unit': s.score_unit,
        'norm_method': s.norm_method,
        'n_shot': s.n_shot,
        'reported_by': s.reported_by,
        'is_verified': s.is_verified,
        'is_corrected': s.is_corrected,
        'protocol': s.protocol,
        'setting': s.setting,
        'source_id': s.source_id,
        'collection_id': part.collection_id,
        'license_id': works.license_id
    } as measure,
    s.score_pct,
    s.score_norm_pct,
    case when s.score_raw <> s.score_pct then s.score_raw end as score_raw,
    s.stderr_pct,
    s.precision,
    s.tuning,
    s.has_chat_template,
    s.run_id,
    s.evaluated_on,
    nullif(s.source_name, s.model_id) as source_name,
    {
        'repo_id': s.repo_id,
        'revision': s.revision,
        'path': s.path,
        'link': mart.link(s.source_url, about.link_pattern, s.repo_id, s.revision, s.path)
    } as file,
    s.locator,
    coalesce(c.is_charted, false) as is_charted,
    nullif(c.n_values, 1) as n_values,
    case when c.n_values > 1 then c.lo_pct end as lo_pct,
    case when c.n_values > 1 then c.hi_pct end as hi_pct,
    c.chosen_because
from placed as s
join core.models as m using (model_id)
left join core.sources as about on about.source_id = s.source_id
left join core.collections as part
    on part.source_id = s.source_id and part.collection_id = split_part(s.run_id, ',', 1)
left join works on works.source_id = s.source_id and works.collection_id is not distinct from part.collection_id
left join chosen as c
    on c.model_id = s.model_id and c.comparable_group = s.comparable_group and c.variant = s.variant_id
    and c.setting = s.setting and c.score_source = s.place
order by
    s.model_id,
    s.comparable_group,
    s.variant_id,
    s.source_id,
    s.run_id,
    s.precision,
    s.has_chat_template,
    s.setting,
    s.source_name
