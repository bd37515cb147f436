-- The best official open model below 10B parameters on GPQA, by month in which it changed: as measured by Epoch AI and a leaderboard, and as reported
with small as (

    select comparable_group, model, params_b, released_on, score_pct
    from mart.model_scaling
    where comparable_group in ('gpqa_diamond_epoch', 'gpqa_diamond_reported', 'gpqa_measured')
        and population = 'official' and openness = 'open_weights'
        and params_b < 10 and released_on is not null

),

records as (

    select *
    from small
    qualify score_pct > coalesce(
        max(score_pct) over (
            partition by comparable_group
            order by released_on, score_pct
            rows between unbounded preceding and 1 preceding
        ), 0
    )

)

select
    comparable_group,
    date_trunc('month', released_on)::date as month,
    max_by(model, score_pct) as model,
    max_by(params_b, score_pct) as params_b,
    round(max(score_pct), 1) as best_pct
from records
group by comparable_group, month
order by comparable_group, month
