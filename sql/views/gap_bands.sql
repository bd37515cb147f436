-- The frontiers under another choice of each model's score: the best so far of the least, and of the greatest, of its scores.
-- One row per population, comparable group, openness and day on which either rose, through mart.gap_sides.compared_on: filter
-- on population, 'official' by default (see mart.populations). mart.parity_sensitivity asks the same on that day alone.
-- Caveats: as mart.gap_frontier. A model with one score has no range, so a narrow band may mean that nobody else measured.
-- columns:
--   population: = mart.populations
--   comparable_group: = core.benchmarks
--   openness: = mart.gap_frontier
--   day: Release date on which a bound rose
--   lo_pct: Best so far if each model counts with its least score, percent
--   hi_pct: Best so far if each model counts with its greatest score, percent
--   ends_on: Day of the next row; of the last one compared_on
create view mart.gap_bands as
with sides as (

    select population, comparable_group, compared_on from mart.gap_sides where compared_on is not null

),

points as (

    select p.model_id, p.comparable_group, p.openness, p.released_on as day, p.lo_pct, p.hi_pct
    from mart.model_scaling as p
    join (select comparable_group, max(compared_on) as compared_on from sides group by comparable_group) as g
        using (comparable_group)
    where p.openness in ('open_weights', 'proprietary') and p.released_on <= g.compared_on

),

days_of_populations as (

    select m.population, p.comparable_group, p.openness, p.day, max(p.lo_pct) as best_lo_pct, max(p.hi_pct) as best_hi_pct
    from points as p
    join mart.populations as m using (model_id)
    group by all

),

days as (

    select d.*, s.compared_on
    from days_of_populations as d
    join sides as s using (population, comparable_group)
    where d.day <= s.compared_on

),

running as (

    select
        *,
        max(best_lo_pct) over so_far as lo_pct,
        max(best_hi_pct) over so_far as hi_pct
    from days
    window so_far as (partition by population, comparable_group, openness order by day)

),

rises as (

    select *
    from running
    qualify (lo_pct, hi_pct) is distinct from lag((lo_pct, hi_pct)) over (
        partition by population, comparable_group, openness order by day
    )

),

final as (

    select
        population,
        comparable_group,
        openness,
        day,
        lo_pct,
        hi_pct,
        coalesce(lead(day) over (partition by population, comparable_group, openness order by day), compared_on) as ends_on
    from rises

)

select * from final
