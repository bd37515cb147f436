-- The licences of the open frontier: under what each open best since 2023 came, newest first
select
    f.comparable_group,
    f.reached_on,
    f.model,
    round(f.score_pct, 1) as score_pct,
    coalesce(m.license_id, m.license_text) as license,
    m.license_class
from mart.gap_frontier as f
join core.models as m using (model_id)
join core.comparable_groups as g using (comparable_group)
where f.population = 'official' and f.openness = 'open_weights' and f.reached_on >= date '2023-01-01' and g.is_headline
order by f.reached_on desc, f.comparable_group
