-- Organisations of each side: who has how many scored official models, and how many bests of its side's frontier
-- Community fine-tunes and merges are not counted. Bests are those of the n_groups groups that have both sides; one model may be the
-- best of several groups. first_on and newest_on are those of the n_dated models whose release some source dates.
with bests as (

    select f.openness, f.organization, count(*) as n_bests, count(distinct f.model_id) as n_best_models
    from mart.gap_frontier as f
    join mart.gap_sides as s using (population, comparable_group)
    where f.population = 'official' and s.compared_on is not null
    group by all

)

select
    m.openness,
    m.organization,
    count(*) as n_models,
    count(distinct m.family) as n_families,
    count(*) filter (m.params_total is not null) as n_sized,
    count(m.released_on) as n_dated,
    min(m.released_on) as first_on,
    max(m.released_on) as newest_on,
    coalesce(any_value(b.n_bests), 0) as n_bests,
    coalesce(any_value(b.n_best_models), 0) as n_best_models,
    (select count(*) from mart.gap_sides where population = 'official' and compared_on is not null) as n_groups
from core.models as m
semi join core.scores using (model_id)
left join bests as b using (openness, organization)
where m.population = 'official' and m.openness <> 'unknown'
group by m.openness, m.organization
order by m.openness, n_models desc, n_bests desc, m.organization
