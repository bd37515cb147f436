-- What mart.gap_lag, mart.gap_lag_daily and mart.gap_lag_summary are made from, by population and comparable group: the points, the
-- group, the days through which its sides are observed, and the day on which they are compared. Days after these change no lag, so
-- the day of the state counts only as far as it lies before.
with of_sets as (

    select
        populations,
        comparable_group,
        sum(
            hash(
                model_id, model, organization, family, openness, released_on, score_pct, reported_by, is_self_reported, params_b
            )
        ) as said
    from points
    group by all

),

observed as (

    select
        p.population,
        g.comparable_group,
        g.benchmark_id,
        g.match_tolerance_pct,
        s.compared_on,
        coalesce(s.observed_through_open_on, g.observed_through_open_on) as open_on,
        coalesce(s.observed_through_proprietary_on, g.observed_through_proprietary_on) as proprietary_on
    from core.comparable_groups as g
    cross join (select distinct population from mart.populations) as p
    left join sides as s using (population, comparable_group)

)

select unnest(populations) as population, comparable_group, said from of_sets
union all
select
    population,
    comparable_group,
    hash(
        o,
        case
            when open_on is null or proprietary_on is null then getvariable('as_of')
            else least(getvariable('as_of'), greatest(open_on, proprietary_on))
        end
    )
from observed as o
