-- Organisations of each side: who has how many scored models, and how many bests of its side's frontier in groups that have both sides
with bests as (

    select f.openness, f.organization, count(*) as n_bests
    from mart.gap_frontier as f
    join core.comparable_groups as g using (comparable_group)
    where f.population = 'official' and g.is_headline
    group by all

)

select
    m.openness,
    m.organization,
    count(*) as n_models,
    count(distinct m.family) as n_families,
    count(*) filter (m.params_total is not null) as n_sized,
    min(m.released_on) as first_on,
    max(m.released_on) as newest_on,
    coalesce(any_value(b.n_bests), 0) as n_bests
from core.models as m
semi join core.scores using (model_id)
left join bests as b using (openness, organization)
where m.population = 'official' and m.openness <> 'unknown'
group by m.openness, m.organization
order by m.openness, n_bests desc, n_models desc, m.organization
