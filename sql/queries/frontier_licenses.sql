-- The licences of the open frontier: under what each official open best since 2023 came, newest first
-- The groups are those that have both sides.
-- Groups named *_reported mix protocols.
select
    f.comparable_group,
    f.reached_on,
    f.model,
    round(f.score_pct, 1) as score_pct,
    coalesce(m.license_id, m.license_text) as license,
    m.license_class
from mart.gap_frontier as f
join mart.gap_sides as s using (population, comparable_group)
join core.models as m using (model_id)
where f.population = 'official' and f.openness = 'open_weights' and f.reached_on >= date '2023-01-01'
    and s.compared_on is not null
order by f.reached_on desc, f.comparable_group
