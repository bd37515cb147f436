-- What mart.size_to_reach is made from, by population and comparable group.
with of_sets as (

    select
        populations,
        comparable_group,
        sum(hash(benchmark, score_pct, params_b, model_id, model, released_on)) as said
    from points
    where openness = 'open_weights' and params_b > 0
    group by all

),

spread as (

    select unnest(populations) as population, comparable_group, said from of_sets

)

select * from spread where population in ('official', 'all')
