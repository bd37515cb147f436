-- Flagged models, one a row: by how much their furthest score lies above the best official open one, and how many scores are above it
-- A leaderboard flagged them; its table gives no reason. n_flagged counts all, also where fewer rows are shown.
with best as (

    select comparable_group, max(score_pct) as best_pct
    from mart.model_scaling
    where population = 'official' and openness = 'open_weights'
    group by all

),

beside as (

    select s.model_id, s.comparable_group, s.score_pct, b.best_pct, s.score_pct - b.best_pct as above_pct
    from mart.model_scaling as s
    join best as b using (comparable_group)

)

select
    m.model_id,
    m.population,
    count(b.comparable_group) as n_scores,
    count(*) filter (b.above_pct > 0) as n_above_best,
    max_by(b.comparable_group, (b.above_pct, b.comparable_group)) as furthest_in,
    round(max_by(b.score_pct, (b.above_pct, b.comparable_group)), 1) as its_score_pct,
    round(max_by(b.best_pct, (b.above_pct, b.comparable_group)), 1) as best_official_pct,
    round(max(b.above_pct), 1) as above_pct,
    count(*) over () as n_flagged
from core.models as m
left join beside as b using (model_id)
where m.is_flagged
group by m.model_id, m.population
order by above_pct desc nulls last, m.model_id
