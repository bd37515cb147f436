-- Flagged models: what a leaderboard flagged (its table gives no reason), and what they score beside the best that is not flagged
with best as (

    select comparable_group, max(score_pct) as best_pct
    from mart.model_scaling
    where population = 'official' and openness = 'open_weights'
    group by all

)

select m.model_id, m.population, s.comparable_group, round(s.score_pct, 1) as score_pct, round(b.best_pct, 1) as best_official_pct
from core.models as m
left join mart.model_scaling as s using (model_id)
left join best as b using (comparable_group)
where m.is_flagged
order by m.model_id, s.comparable_group
