-- Under which kinds of licence open weights come, by year of release: whether "open" means open source.
-- One row per year of release and class; null as year: models without a date. Official models with open weights, unmerged,
-- unflagged. A best is a new open best, by an official model, on a group that is a candidate for a headline (core.comparable_groups); a model may set several. Caveat: the class
-- is that of the licence as the newest source states it, and a class that no source states is 'unknown'.
-- columns:
--   release_year: Year of release; null: no date
--   license_class: = core.models
--   is_open_source: Whether anyone may use and change such a model for any purpose: permissive or copyleft; null: unknown
--   n_models: Models released in that year
--   n_sized: Those whose total size is known
--   n_bests: New open bests that they set on these groups
--   share_of_models: n_models over all of that year, 0-1
create view mart.license_classes as
with models as (

    select model_id, year(released_on) as release_year, license_class, params_total is not null as is_sized
    from core.models
    where population = 'official' and openness = 'open_weights'

),

bests as (

    select f.model_id, count(*) as n_bests
    from mart.gap_frontier as f
    join core.comparable_groups as g using (comparable_group)
    where f.population = 'official' and f.openness = 'open_weights' and g.is_headline
    group by f.model_id

),

counted as (

    select
        m.release_year,
        m.license_class,
        count(*) as n_models,
        count(*) filter (where m.is_sized) as n_sized,
        coalesce(sum(b.n_bests), 0)::bigint as n_bests
    from models as m
    left join bests as b using (model_id)
    group by m.release_year, m.license_class

),

final as (

    select
        release_year,
        license_class,
        case when license_class <> 'unknown' then license_class in ('permissive', 'copyleft') end as is_open_source,
        n_models,
        n_sized,
        n_bests,
        n_models / sum(n_models) over (partition by release_year) as share_of_models
    from counted

)

select * from final
