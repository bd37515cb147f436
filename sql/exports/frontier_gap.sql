-- Both frontiers on MMLU as reported, for the template's line chart: x is a decimal year, one run a side.
select
    case openness when 'open_weights' then 'Open' else 'Proprietary' end as run_name,
    year(reached_on) + (dayofyear(reached_on) - 1) / dayofyear(make_date(year(reached_on), 12, 31)) as release_year,
    score_pct
from mart.gap_frontier
where population = 'official' and comparable_group = 'mmlu_reported'
order by run_name, release_year, model_id
