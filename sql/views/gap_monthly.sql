-- The gap between the proprietary and the open frontier at the end of each month: mart.gap_daily on its last day.
-- One row per population, comparable group and month, from the first month in which both sides have a frontier to the last
-- in which both could be observed: filter on population, 'official' by default (see mart.populations). Groups without
-- proprietary models have no rows here: their gap is not measurable.
-- Caveats: as mart.gap_frontier. Log-odds are of score_pct, kept between 0.5 and 99.5 percent.
-- columns:
--   population: As in mart.populations
--   comparable_group: Variants that may be compared
--   benchmark: Benchmark id
--   month: First day of the month; the frontiers are those at its end
--   leader: The side with the better best score: open_weights, proprietary, or level
--   leads_since_on: First day of this unbroken lead; the first day of all where it led from the start
--   open_pct: Best open score so far, percent
--   open_model_id: Model that holds it
--   open_tuning: base, instruct or other; null: unknown
--   open_n_shot: In-context examples of its score; null: not stated
--   proprietary_pct: Best proprietary score so far, percent
--   proprietary_model_id: Model that holds it
--   proprietary_tuning: base, instruct or other; null: unknown
--   proprietary_n_shot: In-context examples of its score; null: not stated
--   gap_pct: proprietary_pct minus open_pct, points; negative: open leads
--   gap_log_odds: Difference of the log-odds, proprietary minus open
--   n_open: Open models released and scored so far
--   n_proprietary: Proprietary models released and scored so far
--   observed_through_on: Earlier of the two sides' last observable dates
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
        observed_through_on
    from mart.gap_daily
    where day = least(last_day(day), observed_through_on)

)

select * from final
