-- One score per model and comparable group, with the model's size and date: the points of every chart.
-- One row per model and comparable group. All models that have a score are here, also those without a published size
-- (params_b is null) and those that no frontier should rest on: filter on population.
-- Which of several scores speaks for a model: who measured comes before who repeats, the group's stated protocol before
-- an unstated one, full precision before quantised, the newest evaluation before older ones. Never the greatest.
-- Values that a card shows only in a table (vendor_card_table) are left out. Caveats: mixed_protocols in *_reported groups.
-- columns:
--   model_id: = core.models
--   model: = core.models.display_name
--   organization: = core.models
--   openness: = core.models
--   population: = core.models
--   benchmark: = core.benchmarks.benchmark_id
--   variant: = core.benchmarks.variant_id
--   comparable_group: = core.benchmarks
--   tuning: = core.models
--   n_shot: = core.scores
--   score_pct: = core.scores
--   score_norm_pct: 0 = guessing, 100 = ceiling; null: not defined for the variant
--   stderr_pct: = core.scores
--   params_b: Total parameters in billions; null: not published
--   params_active_b: Parameters used per token in billions; null: unknown
--   params_kind (total): What params_b counts: always total here
--   params_method: = core.models
--   is_moe: = core.models
--   released_on: = core.models
--   release_year: Release date as a decimal year; null: no evidence
--   released_on_method: = core.models
--   reported_by: = core.scores
--   is_self_reported: Whether the vendor itself reports the score; null: not stated
--   score_source: Source, repository, commit, file and place of the score
--   source_url: Link to the score's file or recorded source
--   n_values: Scores of this model in this group that the chosen one was taken from
--   chosen_because: What decided the choice, in words
create view mart.model_scaling as
with candidates as (

    select
        s.rowid as row_id,
        s.model_id,
        s.comparable_group,
        coalesce(w.chart_rank, 99) as reporter_rank,
        -- A variant that names its shots beats one that leaves them open.
        case when b.n_shot is null then 1 else 0 end as protocol_rank,
        case
            when s.precision in ('bfloat16', 'float16', 'float32', 'unknown', 'n/a') then 0
            else 1
        end as precision_rank,
        coalesce(date '9999-12-31' - s.evaluated_on, 9999999) as age_rank,
        s.precision,
        s.source_id,
        s.run_id,
        s.source_name,
        s.has_chat_template
    from core.scores as s
    join core.benchmarks as b using (variant_id)
    left join core.reporters as w using (reported_by)
    where coalesce(w.is_charted, true)

),

-- The least of each group by rowid, and the wide rows of the chosen alone: half the time of a window over all of them.
chosen as (

    select
        model_id,
        comparable_group,
        count(*) as n_values,
        arg_min(
            row_id,
            (
                reporter_rank, protocol_rank, precision_rank, age_rank,
                precision, source_id, run_id, source_name, has_chat_template
            )
        ) as row_id
    from candidates
    group by model_id, comparable_group

),

final as (

    select
        m.model_id,
        m.display_name as model,
        m.organization,
        m.openness,
        m.population,
        r.benchmark_id as benchmark,
        r.variant_id as variant,
        chosen.comparable_group,
        m.tuning,
        r.n_shot,
        r.score_pct,
        r.score_norm_pct,
        r.stderr_pct,
        m.params_total / 1e9 as params_b,
        m.params_active / 1e9 as params_active_b,
        'total' as params_kind,
        m.params_method,
        m.is_moe,
        m.released_on,
        year(m.released_on)
            + (dayofyear(m.released_on) - 1) / dayofyear(make_date(year(m.released_on), 12, 31)) as release_year,
        m.released_on_method,
        r.reported_by,
        case when w.is_vendor then true else not r.is_verified end as is_self_reported,
        concat_ws(' ', r.source_id || ':', r.repo_id || '@' || r.revision[:12], r.path, r.locator) as score_source,
        coalesce(
            r.source_url,
            -- An answer of the Hub's API has no page of its own: the link is that of its repository.
            replace(
                replace(
                    case
                        when r.path like '@api/%' then split_part(about.link_pattern, '/blob/', 1)
                        else replace(about.link_pattern, '{path}', r.path)
                    end,
                    '{revision}', r.revision
                ),
                '{repo_id}', r.repo_id
            )
        ) as source_url,
        chosen.n_values,
        case
            when chosen.n_values = 1 then 'the only value in this group'
            else
                'first of ' || chosen.n_values || ' by reporter (' || r.reported_by || '), protocol ('
                || coalesce(r.n_shot || '-shot', 'shots not stated') || '), precision (' || r.precision
                || '), newest evaluation (' || coalesce(r.evaluated_on::varchar, 'undated') || '), then name of the source'
        end as chosen_because
    from chosen
    join core.models as m using (model_id)
    join core.scores as r on r.rowid = chosen.row_id
    left join core.sources as about on about.source_id = r.source_id
    left join core.reporters as w on w.reported_by = r.reported_by

)

select * from final
