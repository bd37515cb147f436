-- The best official open model below 10B parameters on GPQA, by month of the release that changed it, for each group of comparable scores
-- Community fine-tunes and merges are left out: mart.model_scaling has them, by population.
with small as (

    select comparable_group, variant, model, params_b, released_on, score_pct
    from mart.model_scaling
    where benchmark = 'gpqa' and population = 'official' and openness = 'open_weights'
        and params_b < 10 and released_on is not null

),

records as (

    select *
    from small
    qualify score_pct > coalesce(
        max(score_pct) over (
            partition by comparable_group
            order by date_trunc('month', released_on)
            range between unbounded preceding and current row exclude group
        ), 0
    )
    and score_pct = max(score_pct) over (partition by comparable_group, date_trunc('month', released_on))

)

select
    r.comparable_group,
    date_trunc('month', r.released_on)::date as month,
    r.model,
    r.params_b,
    round(r.score_pct, 1) as best_pct,
    round(100 * b.random_baseline, 1) as guessing_pct
from records as r
join core.benchmarks as b on b.variant_id = r.variant
order by r.comparable_group, month, r.model
