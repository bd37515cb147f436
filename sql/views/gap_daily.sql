-- The gap between the proprietary and the open frontier, day by day: who leads, by how much, since when.
-- One row per population, comparable group and day, from the first day on which both sides have a frontier to compared_on, the
-- earlier of the days on which the newest scored model of either side came out: filter on population, 'official' by default
-- (see mart.populations). A side that stopped is not held against later models of the other. Groups without proprietary models
-- have no rows here: their gap is not measurable.
-- Caveats: as mart.gap_frontier. Log-odds are of score_pct, kept between 0.5 and 99.5 percent.
-- columns:
--   population: = mart.populations
--   comparable_group: = core.benchmarks
--   benchmark: = core.benchmarks.benchmark_id
--   day: Day; models released on it take part
--   leader (open_weights, proprietary, level): The side with the better best score; level: both have the same
--   leads_since_on: First day of this unbroken lead; the first day of the series where the side led from the start
--   open_pct: Best open score so far, percent
--   open_model_id: Open model that holds the best score
--   open_since_on: Release date of open_model_id
--   open_tuning: = core.models.tuning
--   open_n_shot: In-context examples of open_pct; null: not stated
--   proprietary_pct: Best proprietary score so far, percent
--   proprietary_model_id: Proprietary model that holds the best score
--   proprietary_since_on: Release date of proprietary_model_id
--   proprietary_tuning: = core.models.tuning
--   proprietary_n_shot: In-context examples of proprietary_pct; null: not stated
--   gap_pct: proprietary_pct minus open_pct, points; negative: open leads
--   gap_log_odds: Difference of the log-odds, proprietary minus open
--   n_open: Open models released and scored so far
--   n_proprietary: Proprietary models released and scored so far
--   observed_through_on: Earlier of the two sides' last observable dates
--   compared_on: Last day of the series: the earlier of open_newest_on and proprietary_newest_on
--   open_newest_on: = mart.gap_sides
--   open_newest_model_id: = mart.gap_sides
--   proprietary_newest_on: = mart.gap_sides
--   proprietary_newest_model_id: = mart.gap_sides
create view mart.gap_daily as
with sides as (

    select * from mart.gap_running

),

releases as (

    select
        population,
        comparable_group,
        released_on,
        any_value(s) filter (where openness = 'open_weights') as open,
        any_value(s) filter (where openness = 'proprietary') as closed
    from sides as s
    semi join (from sides where openness = 'proprietary') as p
        on p.population = s.population and p.comparable_group = s.comparable_group
    group by all

),

-- Both sides from one release, of either, to the day before the next.
spans as (

    select
        population,
        comparable_group,
        released_on as begins_on,
        (lead(released_on) over by_date - interval 1 day)::date as ends_on,
        last_value(open ignore nulls) over by_date as open,
        last_value(closed ignore nulls) over by_date as closed
    from releases
    window by_date as (partition by population, comparable_group order by released_on)

),

compared as (

    select
        population,
        comparable_group,
        open.holder.benchmark as benchmark,
        begins_on,
        least(open.observed_through_on, closed.observed_through_on) as observed_through_on,
        least(open.newest_on, closed.newest_on) as compared_on,
        least(ends_on, compared_on) as ends_on,
        open.newest_on as open_newest_on,
        open.newest.model_id as open_newest_model_id,
        closed.newest_on as proprietary_newest_on,
        closed.newest.model_id as proprietary_newest_model_id,
        open.score_pct as open_pct,
        open.holder.model_id as open_model_id,
        open.reached_on as open_since_on,
        open.holder.tuning as open_tuning,
        open.holder.n_shot as open_n_shot,
        closed.score_pct as proprietary_pct,
        closed.holder.model_id as proprietary_model_id,
        closed.reached_on as proprietary_since_on,
        closed.holder.tuning as proprietary_tuning,
        closed.holder.n_shot as proprietary_n_shot,
        proprietary_pct - open_pct as gap_pct,
        ln(greatest(0.005, least(0.995, proprietary_pct / 100)) / (1 - greatest(0.005, least(0.995, proprietary_pct / 100))))
            - ln(greatest(0.005, least(0.995, open_pct / 100)) / (1 - greatest(0.005, least(0.995, open_pct / 100))))
            as gap_log_odds,
        open.n_models as n_open,
        closed.n_models as n_proprietary,
        -- A difference in the last binary digit is not a lead.
        case sign(round(gap_pct, 6)) when 1 then 'proprietary' when -1 then 'open_weights' else 'level' end as leader
    from spans
    where open is not null and closed is not null and begins_on <= least(open.newest_on, closed.newest_on)

),

changes as (

    select
        *,
        leader is distinct from lag(leader) over (partition by population, comparable_group order by begins_on) as is_change
    from compared

),

led as (

    select
        *,
        max(case when is_change then begins_on end) over (
            partition by population, comparable_group order by begins_on
        ) as leads_since_on
    from changes

),

final as (

    select
        population,
        comparable_group,
        benchmark,
        unnest(generate_series(begins_on, ends_on, interval 1 day))::date as day,
        leader,
        leads_since_on,
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
        observed_through_on,
        compared_on,
        open_newest_on,
        open_newest_model_id,
        proprietary_newest_on,
        proprietary_newest_model_id
    from led

)

select * from final
