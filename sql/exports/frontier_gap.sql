-- The best MMLU score so far as reported, Open and Proprietary, for a line chart over decimal years, one run a side.
-- The frontier is a step: each best stands until the day before the next one, and the last to the last day that could be
-- seen. Straight lines between these points draw it as it was.
-- columns:
--   run_name: Open or Proprietary
--   release_year: Day as a decimal year
--   score_pct: Best score so far of a model released by that day, percent
with frontier as (

    select
        case openness when 'open_weights' then 'Open' else 'Proprietary' end as run_name,
        score_pct,
        reached_on,
        coalesce(
            surpassed_on - 1,
            greatest(reached_on, least(observed_through_on, (select max(as_of_on) from mart.paper_claims)))
        ) as stood_until_on
    from mart.gap_frontier
    where population = 'official' and comparable_group = 'mmlu_reported'

),

points as (

    select run_name, reached_on as day, score_pct from frontier
    union
    select run_name, stood_until_on, score_pct from frontier

),

final as (

    select
        run_name,
        year(day) + (dayofyear(day) - 1) / dayofyear(make_date(year(day), 12, 31)) as release_year,
        score_pct
    from points

)

select * from final
order by run_name, release_year, score_pct
