-- What mart.price_to_reach is made from, by population: only models with a price matter, and
-- whether a model is withdrawn by the day of the state.
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
select null, hash(p, p.withdrawn_on <= getvariable('as_of')) from core.prices as p
