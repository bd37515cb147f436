-- Every current score with what a record of Every Eval Ever says of it. One row per row of core.scores. Caveats: $is_redistributable
-- leaves out scores whose source states no licence to pass them on; scores of subtasks are not among these.
with parts as (

    select source_id, collection_id, coalesce(any_value(c.title), min(w.citation)) as title
    from core.citations as w
    left join core.collections as c using (source_id, collection_id)
    where collection_id is not null
    group by source_id, collection_id

),

licensed as (

    select
        source_id,
        collection_id,
        mart.common_license(license_id) as license_id
    from core.citations
    group by source_id, collection_id

),

harnesses as (

    select source_id, source_name, precision, run_id, max(harness_version) as harness_version
    from core.subtask_scores
    where harness_version is not null
    group by source_id, source_name, precision, run_id

),

scales as (

    select unnest(['fraction', 'percent', 'points_10']) as score_unit, unnest([1.0, 100.0, 10.0]) as most

)

select
    s.source_id,
    part.collection_id,
    coalesce(part.title, about.title, s.source_id) as source_title,
    s.model_id,
    s.source_name,
    m.display_name,
    m.organization,
    m.openness,
    m.released_on,
    m.params_total,
    m.params_active,
    s.precision,
    s.has_chat_template,
    s.run_id,
    s.reported_by,
    case
        when s.is_verified then 'third_party'
        when not s.is_verified then 'first_party'
        -- The vendor reports it and somebody else took part, or nobody says who measured it.
        when w.is_vendor then 'collaborative'
        else 'other'
    end as relationship,
    h.harness_version,
    loads.as_of_at as believed_at,
    s.variant_id,
    b.display_name as evaluation,
    b.benchmark_id,
    s.comparable_group,
    b.metric,
    b.caveats,
    s.score_raw,
    s.score_unit,
    b.score_min_pct * scales.most / 100 as least,
    b.score_max_pct * scales.most / 100 as most,
    s.stderr_pct * scales.most / 100 as stderr_raw,
    s.score_norm_pct,
    s.n_shot,
    s.setting,
    s.protocol,
    s.is_corrected,
    s.evaluated_on,
    mart.link(s.source_url, about.link_pattern, s.repo_id, s.revision, s.path) as source_url,
    s.repo_id,
    s.revision,
    s.path,
    s.locator,
    s.blob_id,
    licensed.license_id
from core.scores as s
join core.models as m using (model_id)
join core.benchmarks as b using (variant_id)
join scales using (score_unit)
join ops.loads as loads using (load_id)
left join core.sources as about using (source_id)
left join core.reporters as w on w.reported_by = s.reported_by
left join parts as part on part.source_id = s.source_id and part.collection_id = split_part(s.run_id, ',', 1)
left join licensed
    on licensed.source_id = s.source_id and licensed.collection_id is not distinct from part.collection_id
left join harnesses as h
    on h.source_id = s.source_id and h.source_name = s.source_name and h.precision = s.precision and h.run_id = s.run_id
where licensed.license_id is not null or not $is_redistributable
order by
    s.source_id, s.source_name, s.precision, s.has_chat_template nulls first, s.run_id, relationship, s.variant_id, s.setting
