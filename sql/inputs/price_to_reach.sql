-- What mart.price_to_reach is made from, by population: only models with a price matter.
with priced as (

    select p.* from points as p semi join core.prices using (model_id)

)

select 'official' as population, hash(comparable_group, benchmark, openness, model_id, score_pct, released_on) as said
from priced
where list_contains(populations, 'official')
union all
select 'all', hash(comparable_group, benchmark, openness, model_id, score_pct, released_on)
from priced
union all
select null, hash(p) from core.prices as p
