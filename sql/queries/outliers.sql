-- Outliers: the scores furthest above what a model's other five on its leaderboard predict, five a benchmark, by a line through all models
-- Predicted from the mean of the others; deviations: of the line's residuals. is_flagged: what the leaderboard flagged. A model may be
-- made for that benchmark openly (mathematics), or tuned to its questions; the scores cannot tell which.
with boards as (

    select model_id, comparable_group, score_pct, right(variant, 6) as leaderboard
    from mart.model_scaling
    where right(variant, 6) in ('olb_v1', 'olb_v2')

),

whole as (

    select leaderboard, model_id, sum(score_pct) as all_pct
    from boards
    group by all
    having count(*) = 6

),

beside as (

    select b.*, (w.all_pct - b.score_pct) / 5 as others_pct
    from boards as b
    join whole as w using (leaderboard, model_id)

),

lines as (

    select
        comparable_group,
        regr_slope(score_pct, others_pct) as slope,
        regr_intercept(score_pct, others_pct) as intercept,
        stddev_pop(score_pct) * sqrt(1 - regr_r2(score_pct, others_pct)) as residual_sd,
        count(*) as n_models
    from beside
    group by comparable_group

),

above as (

    select
        b.comparable_group,
        b.model_id,
        b.score_pct,
        l.intercept + l.slope * b.others_pct as predicted_pct,
        l.residual_sd,
        l.n_models
    from beside as b
    join lines as l using (comparable_group)
    where b.score_pct - (l.intercept + l.slope * b.others_pct) > l.residual_sd
    qualify row_number() over (partition by b.comparable_group order by b.score_pct - predicted_pct desc, b.model_id) <= 5

)

select
    a.comparable_group,
    m.display_name as model,
    m.population,
    m.is_flagged,
    m.base_model_id,
    round(a.score_pct, 1) as score_pct,
    round(a.predicted_pct, 1) as predicted_pct,
    round(a.score_pct - a.predicted_pct, 1) as above_pct,
    round((a.score_pct - a.predicted_pct) / a.residual_sd, 1) as deviations,
    a.n_models
from above as a
join core.models as m using (model_id)
order by a.comparable_group, above_pct desc, a.model_id
