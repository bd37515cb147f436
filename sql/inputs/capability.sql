-- What mart.capability_index, mart.capability_items and mart.capability_gap are made from. The day of the state counts only as far as
-- it lies before the newest models of the headline groups.
with newest as (

    select max(s.open_newest_on) as open_on, max(s.proprietary_newest_on) as proprietary_on
    from core.comparable_groups as g
    join sides as s using (comparable_group)
    where g.is_headline and s.population = 'official'

)

select hash(model_id, model, openness, released_on, comparable_group, score_norm_pct, score_pct) as said
from points
where list_contains(populations, 'official')
union all
select hash(least(getvariable('as_of'), open_on, proprietary_on)) from newest
