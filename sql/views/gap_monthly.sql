-- The gap between the proprietary and the open frontier at the end of each month: mart.gap_daily on its last day.
-- One row per population, comparable group and month, from the first month in which both sides have a frontier to that of
-- compared_on, whose row is of that day: filter on population, 'official' by default (see mart.populations). Groups without
-- proprietary models have no rows here: their gap is not measurable.
-- Caveats: as mart.gap_frontier. Log-odds are of score_pct, kept between 0.5 and 99.5 percent.
-- columns:
--   population: = mart.populations
--   comparable_group: = core.benchmarks
--   benchmark: = core.benchmarks.benchmark_id
--   month: First day of the month; the frontiers are those at its end
--   leader: = mart.gap_daily
--   leads_since_on: = mart.gap_daily
--   open_pct: = mart.gap_daily
--   open_model_id: = mart.gap_daily
--   open_tuning: = core.models.tuning
--   open_n_shot: = mart.gap_daily
--   proprietary_pct: = mart.gap_daily
--   proprietary_model_id: = mart.gap_daily
--   proprietary_tuning: = core.models.tuning
--   proprietary_n_shot: = mart.gap_daily
--   gap_pct: = mart.gap_daily
--   gap_log_odds: = mart.gap_daily
--   n_open: = mart.gap_daily
--   n_proprietary: = mart.gap_daily
--   observed_through_on: = mart.gap_daily
--   compared_on: = mart.gap_daily
--   open_newest_on: = mart.gap_sides
--   open_newest_model_id: = mart.gap_sides
--   proprietary_newest_on: = mart.gap_sides
--   proprietary_newest_model_id: = mart.gap_sides
create view mart.gap_monthly as
with final as (

    select
        population,
        comparable_group,
        benchmark,
        date_trunc('month', day)::date as month,
        leader,
        leads_since_on,
        open_pct,
        open_model_id,
        open_tuning,
        open_n_shot,
        proprietary_pct,
        proprietary_model_id,
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
    from mart.gap_daily
    where day = least(last_day(day), compared_on)

)

select * from final
