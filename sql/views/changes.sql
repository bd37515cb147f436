-- What changed, load by load: new models, new, restated and withdrawn scores, new leaders, verdicts that flipped, sizes and licences
-- that changed, and names that mean another model now.
-- One row per load, kind and what it is about. Models and scores come from history and are exact for every load ever made. Leaders,
-- sizes, licences and names are what a run compared when it published (ops.judgement_changes), verdicts what it recorded (ops.drift);
-- of loads where ops.loads.is_compared is false these cannot be known.
-- Caveats: in the first load of a source (is_first_load) everything is new. Names mean what they mean now. A score that moves to
-- another run or setting is withdrawn there and new here. A source with dated editions (core.sources.has_editions) adds scores and does
-- not restate them: all editions are here, core.scores has the newest. Subtask scores, ratings and prices are not here. New code and new
-- policy of this project change judgements, too: ops.loads.code_version. A new model is one row, though several sources of its load name
-- it: mart.new_models says which one it came with.
-- columns:
--   load_id: = ops.load_sources
--   changed_at: = ops.loads.as_of_at
--   kind (leader_new, leader_gone, verdict_flipped, score_restated, score_withdrawn, score_new, model_new, size_changed, license_changed, name_resolved, name_moved): What changed: a side has another leader (leader_new) or none (leader_gone), a claim of the article has another verdict (verdict_flipped), a source states another value of a score (score_restated), no longer states it (score_withdrawn) or states one (score_new), a model was never named before (model_new), has another size (size_changed) or another licence or openness (license_changed), or a name that led nowhere leads to a model (name_resolved) or means another model than before (name_moved)
--   source_id: Source with which it came; of a new model one source of those that name it in the load, by the rule of mart.new_models; policy: this project's policy; null: none states it
--   model_id: = core.models; of a leader the new one; null: it is not about a model that is known now
--   model: = core.models.display_name
--   organization: = core.models
--   openness: = core.models; of a leader the side
--   population: = core.models
--   comparable_group: = core.benchmarks; of a leader on ratings the board
--   variant_id: = core.benchmarks
--   subject: What else tells it from others of its kind: name in the source, precision, chat template, setting and run of a score, the claim, the kind of size, or a source and the name that it uses
--   before_text: = ops.judgement_changes; of a claim its verdict
--   after_text: = ops.judgement_changes
--   before_pct: Score before, percent of the scale's maximum, as the source wrote it; null: none, or not a score
--   after_pct: The same after the load
--   difference_pct: after_pct less before_pct, points
--   before_rating: Rating of the leader before, points of the board; null: none, or not a rating
--   after_rating: The same after the load
--   before_params: = ops.judgement_changes.before_value; null: not known, or not a size
--   after_params: The same after the load
--   is_first_load: Whether the source stated nothing before this load
--   is_notable: Whether it stands in a summary: a leader or a verdict; what concerns an official model, of new scores only if the source is not new, of withdrawn ones also if the model is gone; a restatement by at least match_tolerance_pct of its group
--   source_url: Link to the file or the recorded source; null: none
--   license_id: = mart.model_scaling; null also where it is not about a score
create view mart.changes as
with first_loads as (

    select source_id, min(load_id) as load_id from ops.load_sources where rows_added > 0 group by source_id

),

works as (

    select
        source_id,
        collection_id,
        mart.common_license(license_id) as license_id
    from core.citations
    group by source_id, collection_id

),

collections as (

    select distinct source_id, collection_id from core.citations where collection_id is not null

),

-- Made three times from the few rows that are asked for, and not once from all.
scores as not materialized (

    select
        *,
        -- A product may be off by the last bit: 0.33 is 33 percent.
        round(score_raw * case score_unit when 'fraction' then 100 when 'points_10' then 10 else 1 end, 10) as published_pct
    from history.scores

),

-- Few rows beside those that stand: the joins below look for them and not for each other.
ended as (

    select * from scores where closed_load_id is not null

),

opened_again as (

    select * from scores where load_id in (select closed_load_id from ended)

),

stated as (

    select
        s.load_id,
        case when e.source_id is null then 'score_new' else 'score_restated' end as kind,
        s.source_id,
        s.source_name,
        s.variant_id,
        s.precision,
        s.has_chat_template,
        s.setting,
        s.run_id,
        s.source_url,
        s.repo_id,
        s.revision,
        s.path,
        e.published_pct as before_pct,
        s.published_pct as after_pct,
        e.source_id is not null or f.load_id is null as may_be_notable
    from scores as s
    left join first_loads as f on f.source_id = s.source_id and f.load_id = s.load_id
    left join ended as e
        on e.closed_load_id = s.load_id
            and e.source_id = s.source_id
            and e.source_name = s.source_name
            and e.variant_id = s.variant_id
            and e.precision = s.precision
            and e.setting = s.setting
            and e.run_id = s.run_id
            and e.has_chat_template is not distinct from s.has_chat_template
    where e.source_id is null or e.published_pct <> s.published_pct

),

withdrawn as (

    select
        e.closed_load_id as load_id,
        'score_withdrawn' as kind,
        e.source_id,
        e.source_name,
        e.variant_id,
        e.precision,
        e.has_chat_template,
        e.setting,
        e.run_id,
        e.source_url,
        e.repo_id,
        e.revision,
        e.path,
        e.published_pct as before_pct,
        null::double as after_pct,
        true as may_be_notable
    from ended as e
    anti join opened_again as s
        on s.load_id = e.closed_load_id
            and s.source_id = e.source_id
            and s.source_name = e.source_name
            and s.variant_id = e.variant_id
            and s.precision = e.precision
            and s.setting = e.setting
            and s.run_id = e.run_id
            and s.has_chat_template is not distinct from e.has_chat_template

),

-- What a name means for whoever still uses it: a source whose last statement is gone has no alias.
meanings as (

    select source_name, any_value(model_id) as model_id
    from core.model_aliases
    semi join (from history.scores where closed_load_id is not null) using (source_name)
    group by source_name
    having count(distinct model_id) = 1

),

score_changes as (

    select
        c.load_id,
        c.kind,
        c.source_id,
        coalesce(a.model_id, n.model_id) as model_id,
        b.comparable_group,
        c.variant_id,
        concat_ws(
            ', ',
            c.source_name,
            nullif(nullif(c.precision, 'unknown'), 'n/a'),
            case when c.has_chat_template then 'chat template' end,
            nullif(c.setting, 'n/a'),
            nullif(c.run_id, 'n/a')
        ) as subject,
        c.before_pct,
        c.after_pct,
        mart.link(c.source_url, s.link_pattern, c.repo_id, c.revision, c.path) as source_url,
        w.license_id,
        c.may_be_notable
    from (from stated union all from withdrawn) as c
    left join core.model_aliases as a using (source_id, source_name)
    left join meanings as n using (source_name)
    left join core.benchmarks as b using (variant_id)
    left join core.sources as s using (source_id)
    left join collections as part on part.source_id = c.source_id and part.collection_id = split_part(c.run_id, ',', 1)
    left join works as w on w.source_id = c.source_id and w.collection_id is not distinct from part.collection_id

),

judged as (

    select
        j.*,
        regexp_extract(subject, '^(.*)/([a-z_]+)$', ['comparable_group', 'openness']) as side,
        case
            when kind = 'leader' and after_text is not null then 'leader_new'
            when kind = 'leader' then 'leader_gone'
            when kind like 'params%' then 'size_changed'
            when kind = 'license' then 'license_changed'
            when before_text is null then 'name_resolved'
            else 'name_moved'
        end as what
    from ops.judgement_changes as j

),

all_changes as (

    select * from score_changes
    union all by name
    select
        n.load_id,
        'model_new' as kind,
        n.source_id,
        n.model_id,
        n.source_name as subject,
        mart.link(null, s.link_pattern, n.repo_id, n.revision, n.path) as source_url,
        coalesce(m.population = 'official', false) as may_be_notable
    from mart.new_models as n
    left join core.sources as s using (source_id)
    left join core.models as m using (model_id)
    union all by name
    select
        j.load_id,
        j.what as kind,
        j.source_id,
        case when j.kind in ('leader', 'name') then j.after_text else j.subject end as model_id,
        case when j.kind = 'leader' then j.side.openness end as openness,
        case when j.kind = 'leader' then j.side.comparable_group end as comparable_group,
        case j.kind when 'params_total' then 'total' when 'params_active' then 'active' when 'name' then j.subject end as subject,
        j.before_text,
        j.after_text,
        case when g.comparable_group is not null then j.before_value end as before_pct,
        case when g.comparable_group is not null then j.after_value end as after_pct,
        case when j.kind = 'leader' and g.comparable_group is null then j.before_value end as before_rating,
        case when j.kind = 'leader' and g.comparable_group is null then j.after_value end as after_rating,
        case when j.kind like 'params%' then j.before_value end as before_params,
        case when j.kind like 'params%' then j.after_value end as after_params,
        j.source_url,
        true as may_be_notable
    from judged as j
    left join core.comparable_groups as g on j.kind = 'leader' and g.comparable_group = j.side.comparable_group
    union all by name
    select
        load_id,
        'verdict_flipped' as kind,
        source_id,
        subject,
        regexp_extract(message, 'was ''(.*)'' and', 1) as before_text,
        regexp_extract(message, 'is ''(.*)'' now', 1) as after_text,
        true as may_be_notable
    from ops.drift
    where kind = 'verdict'

),

final as (

    select
        c.load_id,
        l.as_of_at as changed_at,
        c.kind,
        c.source_id,
        c.model_id,
        m.display_name as model,
        m.organization,
        coalesce(c.openness, m.openness) as openness,
        m.population,
        c.comparable_group,
        c.variant_id,
        c.subject,
        c.before_text,
        c.after_text,
        c.before_pct,
        c.after_pct,
        c.after_pct - c.before_pct as difference_pct,
        c.before_rating,
        c.after_rating,
        c.before_params::bigint as before_params,
        c.after_params::bigint as after_params,
        f.load_id is not null as is_first_load,
        c.may_be_notable and case
            when c.kind in ('leader_new', 'leader_gone', 'verdict_flipped') then true
            when c.kind = 'score_restated' then abs(c.after_pct - c.before_pct) >= coalesce(g.match_tolerance_pct, 0)
            when c.kind = 'score_withdrawn' then coalesce(m.population = 'official', true)
            else coalesce(m.population = 'official', false)
        end as is_notable,
        c.source_url,
        c.license_id
    from all_changes as c
    join ops.loads as l using (load_id)
    left join first_loads as f on f.source_id = c.source_id and f.load_id = c.load_id
    left join core.models as m on m.model_id = c.model_id
    left join core.comparable_groups as g on g.comparable_group = c.comparable_group

)

select * from final
