-- The best official open model below 10B parameters on GPQA Diamond so far, at the end of each month in which it changed
with small as (

    select model, params_b, released_on, score_pct, score_source
    from mart.model_scaling
    where comparable_group = 'gpqa_diamond_epoch'
        and population = 'official' and openness = 'open_weights'
        and params_b < 10 and released_on is not null

),

records as (

    select *
    from small
    qualify score_pct > coalesce(
        max(score_pct) over (order by released_on, score_pct rows between unbounded preceding and 1 preceding), 0
    )

)

select
    date_trunc('month', released_on)::date as month,
    max_by(model, score_pct) as model,
    max_by(params_b, score_pct) as params_b,
    round(max(score_pct), 1) as best_pct
from records
group by month
order by month
