-- Models with a score that model_scaling.csv does not show. The official ones are named, others only counted.
-- n_sized of n_scored: how many of a side's official models have a size.
with scored as (

    select
        *,
        case
            when openness not in ('open_weights', 'proprietary') then 'openness not known'
            when population <> 'official' then 'population ' || population || ': the chart shows official releases'
            when params_b is null and openness = 'proprietary' then 'size not published by the vendor'
            when params_b is null then 'size not known: no evidence that could be used'
        end as reason
    from mart.model_scaling

),

sides as (

    select
        comparable_group,
        openness,
        count(*) filter (where population = 'official') as n_scored,
        count(params_b) filter (where population = 'official') as n_sized
    from scored
    group by all

),

final as (

    select
        s.comparable_group,
        s.openness,
        s.reason,
        count(*) as n,
        any_value(n_sized) as n_sized,
        any_value(n_scored) as n_scored,
        list(s.model_id order by s.model_id) filter (where s.population = 'official') as models
    from scored as s
    join sides using (comparable_group, openness)
    where s.reason is not null
    group by all

)

select * from final
order by comparable_group, openness, reason
