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
            order by released_on, score_pct
            rows between unbounded preceding and 1 preceding
        ), 0
    )

)

select
    r.comparable_group,
    date_trunc('month', r.released_on)::date as month,
    max_by(r.model, (r.score_pct, r.model)) as model,
    max_by(r.params_b, (r.score_pct, r.model)) as params_b,
    round(max(r.score_pct), 1) as best_pct,
    round(100 * any_value(b.random_baseline), 1) as guessing_pct
from records as r
join core.benchmarks as b on b.variant_id = r.variant
group by r.comparable_group, month
order by r.comparable_group, month
