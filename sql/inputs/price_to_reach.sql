-- What mart.price_to_reach is made from, by population: the points of a known side, with a price or without,
-- the prices, and whether a model is withdrawn by the day of the state.
with sided as (

    select populations, hash(comparable_group, benchmark, openness, model_id, score_pct, released_on) as said
    from points
    where openness in ('open_weights', 'proprietary')

)

select 'official' as population, said from sided where list_contains(populations, 'official')
union all
select 'all', said from sided
union all
select null, hash(p, p.withdrawn_on <= getvariable('as_of')) from core.prices as p
