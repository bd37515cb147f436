-- One score per model and comparable group, with the model's size and date: the points of every chart.
-- One row per model and comparable group. All models that have a score are here, also those without a published size
-- (params_b is null) and those that should not make a frontier: filter on population.
-- Which of several scores represents a model: the reporter decides first, in the order of core.reporters.chart_rank (a leaderboard's
-- own runs, the Arena's tables, curated rows, other evaluators, vendors, the community), and of one reporter what an evaluator
-- measured comes before what the vendor says, a stated number of shots before an unstated one, full precision before
-- quantised, the highest stated setting of that reporter (core.settings; without tools before with tools), the newest dated
-- evaluation; of what is left the median, of an even number the lower one of the middle. Never a name, never the greatest.
-- Values that a card shows only in a table (vendor_card_table) are left out. Caveats: mixed_protocols in *_reported groups.
-- kept by comparable_group; a row follows from its model_id
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
--   chosen_because: What decided against the other values, in the order of the rule above
--   setting: = core.scores
--   lo_pct: Least of the n_values, percent
--   median_pct: Median of the distinct ones among them, percent; of an even number the lower one of the middle
--   hi_pct: Greatest of them, percent
--   protocol: = core.scores
--   reporter: Who gives the score, for people: the part of the source that it comes from, or the vendor and where it says so
--   source_id: = core.scores
--   collection_id: = core.citations; null: the source has no parts
--   license_id: SPDX id of the licence under which anyone may pass the score on, not that of the model; null: none such is stated
create view mart.model_scaling as
with parts as (

    select source_id, collection_id, coalesce(any_value(c.title), min(w.citation)) as title
    from core.citations as w
    left join core.collections as c using (source_id, collection_id)
    where collection_id is not null
    group by source_id, collection_id

),

works as (

    select
        source_id,
        collection_id,
        mart.common_license(license_id) as license_id
    from core.citations
    group by source_id, collection_id

),

charted as not materialized (

    select
        s.rowid as row_id,
        s.model_id,
        s.comparable_group,
        s.variant_id,
        s.reported_by,
        s.score_pct
    from core.scores as s
    join core.benchmarks as b using (variant_id)
    left join core.reporters as w using (reported_by)
    where coalesce(w.is_charted, true)

),

found as not materialized (

    select
        model_id,
        comparable_group,
        count(*) as n_values,
        any_value(row_id) as any_row_id,
        min(score_pct) as lo_pct,
        max(score_pct) as hi_pct
    from charted
    group by model_id, comparable_group

),

-- Nearly all points have one value, and nothing to choose: what follows takes time and memory, so it is asked of the others alone.
candidates as (

    select
        c.row_id,
        c.model_id,
        c.comparable_group,
        c.score_pct,
        mart.precedence(
            w.chart_rank, s.is_verified, b.n_shot, s.precision, e.has_tools, e.effort_rank, e.budget_tokens, s.evaluated_on
        ) as precedence
    from charted as c
    join (from found where n_values > 1) as f using (model_id, comparable_group)
    join core.scores as s on s.rowid = c.row_id
    join core.benchmarks as b on b.variant_id = c.variant_id
    left join core.reporters as w on w.reported_by = c.reported_by
    left join core.settings as e on e.setting = s.setting

),

ranges as (

    select
        model_id,
        comparable_group,
        min(precedence) as precedence,
        quantile_disc(distinct score_pct, 0.5) as median_pct
    from candidates
    group by model_id, comparable_group

),

-- The first point in which a candidate is behind the chosen one: what decided against it.
decided as (

    select
        c.model_id,
        c.comparable_group,
        list(
            distinct case
                when c.precedence.reporter <> r.precedence.reporter then 'reporter'
                when c.precedence.measured_by <> r.precedence.measured_by then 'measured_by'
                when c.precedence.protocol <> r.precedence.protocol then 'protocol'
                when c.precedence.precision <> r.precedence.precision then 'precision'
                when c.precedence.tools <> r.precedence.tools then 'tools'
                when (c.precedence.effort, c.precedence.budget) <> (r.precedence.effort, r.precedence.budget) then 'setting'
                else 'age'
            end
        ) as points
    from candidates as c
    join ranges as r using (model_id, comparable_group)
    where c.precedence <> r.precedence
    group by c.model_id, c.comparable_group

),

left_over as (

    select c.model_id, c.comparable_group, c.row_id, c.score_pct
    from candidates as c
    join ranges as r using (model_id, comparable_group, precedence)

),

-- Among equal scores their place decides, not the number of the row, which depends on how the table came about.
middle as (

    select l.model_id, l.comparable_group, l.row_id, count(*) over of_point as n_left
    from left_over as l
    join core.scores as s on s.rowid = l.row_id
    window of_point as (partition by l.model_id, l.comparable_group)
    qualify row_number() over (
        of_point
        order by
            l.score_pct, s.variant_id, s.source_id, s.source_name, s.precision, s.has_chat_template, s.setting, s.run_id
    ) = (n_left + 1) // 2

),

chosen as (

    select
        f.model_id,
        f.comparable_group,
        f.n_values,
        f.lo_pct,
        case when f.n_values = 1 then f.lo_pct else r.median_pct end as median_pct,
        f.hi_pct,
        coalesce(m.n_left, 1) as n_left,
        coalesce(m.row_id, f.any_row_id) as row_id
    from found as f
    left join middle as m using (model_id, comparable_group)
    left join ranges as r using (model_id, comparable_group)

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
        mart.decimal_year(m.released_on) as release_year,
        m.released_on_method,
        r.reported_by,
        case when w.is_vendor then true else not r.is_verified end as is_self_reported,
        mart.place(r.source_id, r.repo_id, r.revision, r.path, r.locator) as score_source,
        mart.link(r.source_url, about.link_pattern, r.repo_id, r.revision, r.path) as source_url,
        chosen.n_values,
        case
            when chosen.n_values = 1 then 'the only value in this group'
            else
                'of ' || chosen.n_values || ' by ' || concat_ws(
                    ', then ',
                    case when 'reporter' in d.points then 'reporter (' || r.reported_by || ')' end,
                    case
                        when 'measured_by' in d.points then 'who measured (' || case
                            when r.is_verified then 'measured by others'
                            else 'not stated, before the vendor''s word'
                        end || ')'
                    end,
                    case when 'protocol' in d.points then 'stated shots (' || r.n_shot || '-shot)' end,
                    case when 'precision' in d.points then 'precision (' || r.precision || ')' end,
                    case when 'tools' in d.points then 'no tools' end,
                    case when 'setting' in d.points then 'highest setting (' || r.setting || ')' end,
                    case when 'age' in d.points then 'newest evaluation (' || r.evaluated_on || ')' end,
                    case
                        when chosen.n_left = chosen.n_values then 'the median'
                        when chosen.n_left > 1 then 'the median of ' || chosen.n_left
                    end
                )
        end as chosen_because,
        r.setting,
        chosen.lo_pct,
        chosen.median_pct,
        chosen.hi_pct,
        r.protocol,
        coalesce(part.title, case when w.is_vendor then w.meaning else about.title end) as reporter,
        r.source_id,
        part.collection_id,
        works.license_id
    from chosen
    join core.models as m using (model_id)
    join core.scores as r on r.rowid = chosen.row_id
    left join core.sources as about on about.source_id = r.source_id
    left join parts as part
        on part.source_id = r.source_id and part.collection_id = split_part(r.run_id, ',', 1)
    left join decided as d on d.model_id = chosen.model_id and d.comparable_group = chosen.comparable_group
    left join works
        on works.source_id = r.source_id and works.collection_id is not distinct from part.collection_id
    left join core.reporters as w on w.reported_by = r.reported_by

)

select * from final
