-- The steps of the best score so far, one row per row of mart.gap_frontier; with the licence of the score, null where none says
-- that it may be passed on, and seen_until_on, through which the line is drawn: the day compared, else the side's newest release.
select
    f.population,
    f.comparable_group,
    f.openness,
    f.reached_on,
    f.score_pct,
    f.model_id,
    f.model,
    f.is_self_reported,
    f.n_models,
    coalesce(g.compared_on, f.newest_on) as seen_until_on,
    p.license_id
from mart.gap_frontier as f
join mart.model_scaling as p on p.comparable_group = f.comparable_group and p.model_id = f.model_id
left join mart.gap_sides as g on g.population = f.population and g.comparable_group = f.comparable_group
where g.compared_on is null or f.reached_on <= g.compared_on
order by f.population, f.comparable_group, f.openness, f.reached_on
