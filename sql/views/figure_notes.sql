-- What stands at the foot of every figure and chart: the day of the state, the newest release of each side, sources and licences.
-- One row per comparable group with an official model of either side, one for all headline groups together, and one each for the
-- figures of submissions and licences.
-- columns:
--   subject: Comparable group, headlines for all headline groups, or community_velocity or license_classes for these figures
--   title: Name of the group for people; null: not a group
--   as_of_on: = mart.paper_claims
--   is_sample: Whether the data are the bundled sample, which says nothing of the world
--   open_newest_model: = mart.gap_sides
--   open_newest_on: = mart.gap_sides; of license_classes the newest official open model, scored or not; of headlines the newest of all their groups
--   proprietary_newest_model: = mart.gap_sides
--   proprietary_newest_on: = mart.gap_sides; of headlines the newest of all their groups
--   sources: Sources, with the models that each gave and the licence of its data; the largest first
--   foot: All of this as sentences
create view mart.figure_notes as
with states as (

    select
        (select max(as_of_on) from mart.paper_claims) as as_of_on,
        coalesce((select bool_or(endpoint = 'sample') from ops.loads), false) as is_sample

),

of_groups as (

    select
        comparable_group as subject,
        string_agg(
            title || ' (' || n_models || case n_models when 1 then ' model' else ' models' end || '; licence: ' || license || ')',
            ', ' order by n_models desc, title
        ) as sources
    from mart.figure_sources
    group by comparable_group

),

-- One figure shows all headline groups: its sources are theirs together.
of_headlines as (

    select
        'headlines' as subject,
        string_agg(title || ' (licence: ' || license || ')', ', ' order by n_scores desc, title) as sources
    from (
        select s.title, s.license, sum(s.n_models) as n_scores
        from mart.figure_sources as s
        join core.comparable_groups as g using (comparable_group)
        where g.is_headline
        group by all
    )
    having count(*) > 0

),

of_others as (

    select subject, array_to_string(list_sort(list(title || ' (licence: ' || license || ')')), ', ') as sources
    from (
        select subject, title, array_to_string(list_sort(list(distinct license)), ', ') as license
        from (
            select source_id, 'community_velocity' as subject, title from core.sources where submissions is not null
            union all
            select source_id, 'license_classes', title from core.sources where repository_rank is not null
        )
        join core.citations using (source_id)
        where source_id in (select source_id from ops.load_sources where state = 'loaded')
        group by source_id, subject, title
    )
    group by subject

),

newest as (

    select
        'license_classes' as subject,
        arg_min(display_name, (-epoch(released_on), model_id)) as open_model,
        max(released_on) as open_on,
        null::varchar as proprietary_model,
        null::date as proprietary_on
    from core.models
    where population = 'official' and openness = 'open_weights'
    union all
    select
        'headlines',
        arg_max(open_newest_model, (open_newest_on, open_newest_model)),
        max(open_newest_on),
        arg_max(proprietary_newest_model, (proprietary_newest_on, proprietary_newest_model)),
        max(proprietary_newest_on)
    from mart.gap_sides
    join core.comparable_groups as g using (comparable_group)
    where population = 'official' and g.is_headline

),

told as (

    select
        o.subject,
        g.display_name as title,
        s.open_newest_model,
        s.open_newest_on,
        s.proprietary_newest_model,
        s.proprietary_newest_on,
        o.sources
    from of_groups as o
    join core.comparable_groups as g on g.comparable_group = o.subject
    left join mart.gap_sides as s on s.comparable_group = o.subject and s.population = 'official'
    union all
    select
        o.subject,
        null,
        n.open_model,
        n.open_on,
        n.proprietary_model,
        n.proprietary_on,
        o.sources
    from (from of_others union all by name from of_headlines) as o
    left join newest as n using (subject)

),

final as (

    select
        t.subject,
        t.title,
        states.as_of_on,
        states.is_sample,
        t.open_newest_model,
        t.open_newest_on,
        t.proprietary_newest_model,
        t.proprietary_newest_on,
        t.sources,
        concat_ws(
            ' ',
            case when states.is_sample then 'SAMPLE: a few files for trying things out, not the state of the world.' end,
            'As of ' || states.as_of_on || '.',
            'Newest open model here: ' || t.open_newest_model || ' (' || t.open_newest_on || ').',
            'Newest proprietary one: ' || t.proprietary_newest_model || ' (' || t.proprietary_newest_on || ').',
            'Data: ' || t.sources || '.'
        ) as foot
    from told as t
    cross join states

)

select * from final
