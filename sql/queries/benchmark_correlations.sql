-- Correlations between benchmarks: how far two groups order the official models that both score alike, of pairs with 30 such models
-- The interval (Fisher's, 95 percent) takes models for independent; those of one family are not, so it is too narrow.
-- Groups named *_reported mix protocols.
with scored as (

    select comparable_group, benchmark, model_id, score_pct
    from mart.model_scaling
    where population = 'official'

),

pairs as (

    select
        a.comparable_group,
        b.comparable_group as other_group,
        a.benchmark = b.benchmark as is_one_benchmark,
        -- Equal scores share the middle of their ranks, as in Spearman's correlation.
        rank() over (partition by a.comparable_group, b.comparable_group order by a.score_pct)
            + (count(*) over (partition by a.comparable_group, b.comparable_group, a.score_pct) - 1) / 2 as score_rank,
        rank() over (partition by a.comparable_group, b.comparable_group order by b.score_pct)
            + (count(*) over (partition by a.comparable_group, b.comparable_group, b.score_pct) - 1) / 2 as other_rank
    from scored as a
    join scored as b on b.model_id = a.model_id and b.comparable_group > a.comparable_group

),

correlated as (

    select
        comparable_group, other_group, is_one_benchmark, count(*) as n_models, corr(score_rank, other_rank) as rank_correlation
    from pairs
    group by all
    having count(*) >= 30

)

select
    comparable_group,
    other_group,
    is_one_benchmark,
    n_models,
    round(rank_correlation, 2) as rank_correlation,
    round(tanh(atanh(least(rank_correlation, 0.9999)) - 1.96 / sqrt(n_models - 3)), 2) as lo,
    round(tanh(atanh(least(rank_correlation, 0.9999)) + 1.96 / sqrt(n_models - 3)), 2) as hi
from correlated
order by rank_correlation desc, comparable_group, other_group
