-- Outliers: the scores furthest above what a model's other five on its leaderboard predict, five a benchmark, by a line through all models
-- Predicted from the mean of the others; deviations: of the line's residuals. is_flagged: what the leaderboard flagged. A model may be
-- made for that benchmark openly (mathematics), or tuned to its questions; the scores cannot tell which.
with boards as (

    select
        variant_id as variant,
        comparable_group,
        right(variant_id, 6) = 'olb_v1' as is_v1,
        -- Lists of a million small numbers are made in a third of the time that lists of names take.
        row_number() over ()::utinyint as number
    from core.benchmarks
    where right(variant_id, 6) in ('olb_v1', 'olb_v2')

),

whole as (

    select s.model_id, sum(s.score_pct) as all_pct, list(s.score_pct) as scores, list(b.number) as numbers
    from mart.model_scaling as s
    join boards as b using (variant)
    group by s.model_id, b.is_v1
    having len(numbers) = 6

),

beside as (

    select number, model_id, score_pct, (all_pct - score_pct) / 5 as others_pct
    from (select model_id, all_pct, unnest(scores) as score_pct, unnest(numbers) as number from whole)

),

lines as (

    select
        number,
        corr(score_pct, others_pct) as r,
        r * stddev_pop(score_pct) / stddev_pop(others_pct) as slope,
        avg(score_pct) - slope * avg(others_pct) as intercept,
        stddev_pop(score_pct) * sqrt(1 - r * r) as residual_sd,
        count(*) as n_models
    from beside
    group by number

),

above as (

    select
        number,
        residual_sd,
        n_models,
        -- The five furthest above: the least of what is below.
        min({'below_pct': predicted_pct - score_pct, 'model_id': model_id, 'score_pct': score_pct}, 5) as furthest
    from (select *, intercept + slope * others_pct as predicted_pct from beside join lines using (number))
    where score_pct - predicted_pct > residual_sd
    group by number, residual_sd, n_models

)

select
    b.comparable_group,
    m.display_name as model,
    m.population,
    m.is_flagged,
    m.base_model_id,
    round(a.score_pct, 1) as score_pct,
    round(a.score_pct + a.below_pct, 1) as predicted_pct,
    round(-a.below_pct, 1) as above_pct,
    round(-a.below_pct / a.residual_sd, 1) as deviations,
    a.n_models
from (select *, unnest(furthest, recursive := true) from above) as a
join boards as b using (number)
join core.models as m using (model_id)
order by b.comparable_group, above_pct desc, a.model_id
