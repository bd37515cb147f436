-- The gap between the proprietary and the open frontier at the end of each month.
-- One row per comparable group and month, from the first month in which both sides have a frontier to the last in which
-- both could be observed. Groups without proprietary models have no rows here: their gap is not measurable.
-- Caveats: as mart.gap_frontier. Log-odds are of score_pct, kept between 0.5 and 99.5 percent.
-- columns:
--   comparable_group: Variants that may be compared
--   benchmark: Benchmark id
--   month: First day of the month; the frontiers are those at its end
--   open_pct: Best open score so far, percent
--   open_model_id: Model that holds it
--   proprietary_pct: Best proprietary score so far, percent
--   proprietary_model_id: Model that holds it
--   gap_pct: proprietary_pct minus open_pct, points; negative: open leads
--   gap_log_odds: Difference of the log-odds, proprietary minus open
--   n_open: Open models released and scored so far
--   n_proprietary: Proprietary models released and scored so far
--   observed_through_on: Earlier of the two sides' last observable dates
create view mart.gap_monthly as
with sides as (

    select
        comparable_group,
        any_value(benchmark) as benchmark,
        min(reached_on) filter (where openness = 'open_weights') as open_from_on,
        min(reached_on) filter (where openness = 'proprietary') as proprietary_from_on,
        least(
            min(observed_through_on) filter (where openness = 'open_weights'),
            min(observed_through_on) filter (where openness = 'proprietary')
        ) as observed_through_on
    from mart.gap_frontier
    group by comparable_group
    having open_from_on is not null and proprietary_from_on is not null

),

months as (

    select
        comparable_group,
        benchmark,
        observed_through_on,
        unnest(generate_series(
            date_trunc('month', greatest(open_from_on, proprietary_from_on)),
            date_trunc('month', observed_through_on),
            interval 1 month
        ))::date as month
    from sides

),

placed as (

    select
        m.comparable_group,
        m.benchmark,
        m.month,
        m.observed_through_on,
        f.openness,
        arg_max(f.score_pct, f.reached_on) as best_pct,
        arg_max(f.model_id, f.reached_on) as best_model_id
    from months as m
    join mart.gap_frontier as f
        on f.comparable_group = m.comparable_group
        and f.reached_on <= least(last_day(m.month), m.observed_through_on)
    group by all

),

counted as (

    select
        m.comparable_group,
        m.month,
        count(*) filter (where p.openness = 'open_weights') as n_open,
        count(*) filter (where p.openness = 'proprietary') as n_proprietary
    from months as m
    join mart.model_scaling as p
        on p.comparable_group = m.comparable_group
        and p.population = 'official'
        and p.released_on <= least(last_day(m.month), m.observed_through_on)
    group by all

),

paired as (

    select
        comparable_group,
        benchmark,
        month,
        observed_through_on,
        max(best_pct) filter (where openness = 'open_weights') as open_pct,
        max(best_model_id) filter (where openness = 'open_weights') as open_model_id,
        max(best_pct) filter (where openness = 'proprietary') as proprietary_pct,
        max(best_model_id) filter (where openness = 'proprietary') as proprietary_model_id
    from placed
    group by all

),

final as (

    select
        comparable_group,
        benchmark,
        month,
        open_pct,
        open_model_id,
        proprietary_pct,
        proprietary_model_id,
        proprietary_pct - open_pct as gap_pct,
        ln(greatest(0.005, least(0.995, proprietary_pct / 100)) / (1 - greatest(0.005, least(0.995, proprietary_pct / 100))))
            - ln(greatest(0.005, least(0.995, open_pct / 100)) / (1 - greatest(0.005, least(0.995, open_pct / 100))))
            as gap_log_odds,
        n_open,
        n_proprietary,
        observed_through_on
    from paired
    join counted using (comparable_group, month)

)

select * from final
