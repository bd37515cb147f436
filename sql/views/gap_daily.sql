-- The gap between the proprietary and the open frontier, day by day: who leads, by how much, since when.
-- One row per population, comparable group and day, from the first day on which both sides have a frontier to the last on
-- which both could be observed: filter on population, 'official' by default (see mart.populations). Groups without
-- proprietary models have no rows here: their gap is not measurable.
-- Caveats: as mart.gap_frontier. Log-odds are of score_pct, kept between 0.5 and 99.5 percent.
-- columns:
--   population: As in mart.populations
--   comparable_group: Variants that may be compared
--   benchmark: Benchmark id
--   day: Day; models released on it take part
--   leader: The side with the better best score: open_weights, proprietary, or level
--   leads_since_on: First day of this unbroken lead; the first day of all where it led from the start
--   open_pct: Best open score so far, percent
--   open_model_id: Model that holds it
--   open_since_on: Its release date
--   open_tuning: base, instruct or other; null: unknown
--   open_n_shot: In-context examples of its score; null: not stated
--   proprietary_pct: Best proprietary score so far, percent
--   proprietary_model_id: Model that holds it
--   proprietary_since_on: Its release date
--   proprietary_tuning: base, instruct or other; null: unknown
--   proprietary_n_shot: In-context examples of its score; null: not stated
--   gap_pct: proprietary_pct minus open_pct, points; negative: open leads
--   gap_log_odds: Difference of the log-odds, proprietary minus open
--   n_open: Open models released and scored so far
--   n_proprietary: Proprietary models released and scored so far
--   observed_through_on: Earlier of the two sides' last observable dates
create view mart.gap_daily as
with frontier as (

    select * from mart.gap_frontier

),

sides as (

    select
        population,
        comparable_group,
        any_value(benchmark) as benchmark,
        greatest(
            min(reached_on) filter (where openness = 'open_weights'),
            min(reached_on) filter (where openness = 'proprietary')
        ) as begins_on,
        least(
            min(observed_through_on) filter (where openness = 'open_weights'),
            min(observed_through_on) filter (where openness = 'proprietary')
        ) as observed_through_on
    from frontier
    group by all
    having count(distinct openness) = 2

),

days as (

    select
        population,
        comparable_group,
        benchmark,
        observed_through_on,
        unnest(generate_series(begins_on, observed_through_on, interval 1 day))::date as day
    from sides

),

releases as (

    select m.population, p.comparable_group, p.openness, p.released_on, count(*) as n_released
    from mart.model_scaling as p
    join mart.populations as m using (model_id)
    semi join sides as s on s.population = m.population and s.comparable_group = p.comparable_group
    where p.released_on is not null
    group by all

),

counted as (

    select
        *,
        sum(n_released) over (partition by population, comparable_group, openness order by released_on)::bigint as n_models
    from releases

),

paired as (

    select
        d.population,
        d.comparable_group,
        d.benchmark,
        d.day,
        o.score_pct as open_pct,
        o.model_id as open_model_id,
        o.reached_on as open_since_on,
        o.tuning as open_tuning,
        o.n_shot as open_n_shot,
        c.score_pct as proprietary_pct,
        c.model_id as proprietary_model_id,
        c.reached_on as proprietary_since_on,
        c.tuning as proprietary_tuning,
        c.n_shot as proprietary_n_shot,
        c.score_pct - o.score_pct as gap_pct,
        ln(greatest(0.005, least(0.995, c.score_pct / 100)) / (1 - greatest(0.005, least(0.995, c.score_pct / 100))))
            - ln(greatest(0.005, least(0.995, o.score_pct / 100)) / (1 - greatest(0.005, least(0.995, o.score_pct / 100))))
            as gap_log_odds,
        n_o.n_models as n_open,
        n_c.n_models as n_proprietary,
        d.observed_through_on,
        -- A difference of the last binary digit is no lead.
        case sign(round(c.score_pct - o.score_pct, 6)) when 1 then 'proprietary' when -1 then 'open_weights' else 'level' end
            as leader
    from days as d
    asof join (from frontier where openness = 'open_weights') as o
        on o.population = d.population and o.comparable_group = d.comparable_group and o.reached_on <= d.day
    asof join (from frontier where openness = 'proprietary') as c
        on c.population = d.population and c.comparable_group = d.comparable_group and c.reached_on <= d.day
    asof join (from counted where openness = 'open_weights') as n_o
        on n_o.population = d.population and n_o.comparable_group = d.comparable_group and n_o.released_on <= d.day
    asof join (from counted where openness = 'proprietary') as n_c
        on n_c.population = d.population and n_c.comparable_group = d.comparable_group and n_c.released_on <= d.day

),

changes as (

    select
        *,
        leader is distinct from lag(leader) over (partition by population, comparable_group order by day) as is_change
    from paired

),

final as (

    select
        population,
        comparable_group,
        benchmark,
        day,
        leader,
        max(case when is_change then day end) over (partition by population, comparable_group order by day) as leads_since_on,
        open_pct,
        open_model_id,
        open_since_on,
        open_tuning,
        open_n_shot,
        proprietary_pct,
        proprietary_model_id,
        proprietary_since_on,
        proprietary_tuning,
        proprietary_n_shot,
        gap_pct,
        gap_log_odds,
        n_open,
        n_proprietary,
        observed_through_on
    from changes

)

select * from final
