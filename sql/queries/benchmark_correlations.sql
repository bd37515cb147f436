-- Correlations between benchmarks: how far two groups order the official models that both score alike, of pairs with 30 such models
-- The interval (Fisher's, 95 percent) takes models for independent; those of one family are not, so it is too narrow.
-- Groups named *_reported mix protocols.
with scored as (

    select comparable_group, benchmark, model_id, score_pct
    from mart.model_scaling
    where population = 'official'

),

-- Numbers for names: many pairs are sorted by them.
groups as (

    select
        comparable_group,
        any_value(benchmark) as benchmark,
        (row_number() over (order by comparable_group))::smallint as number
    from scored
    group by comparable_group

),

numbered as (

    select g.number, s.model_id, s.score_pct from scored as s join groups as g using (comparable_group)

),

-- Models with the same two scores have the same two ranks.
pairs as (

    select a.number, b.number as other_number, a.score_pct, b.score_pct as other_pct, count(*) as n_models
    from numbered as a
    join numbered as b on b.model_id = a.model_id and b.number > a.number
    group by all

),

ranked as (

    select
        number,
        other_number,
        n_models,
        -- Equal scores share the middle of their ranks, as in Spearman's correlation.
        sum(n_models) over by_score - sum(n_models) over (by_score range current row) / 2 as x,
        sum(n_models) over by_other - sum(n_models) over (by_other range current row) / 2 as y
    from pairs
    window
        by_score as (partition by number, other_number order by score_pct),
        by_other as (partition by number, other_number order by other_pct)

),

sums as (

    select
        number,
        other_number,
        sum(n_models)::bigint as n_models,
        sum(n_models * x) as x,
        sum(n_models * y) as y,
        sum(n_models * x * x) as xx,
        sum(n_models * y * y) as yy,
        sum(n_models * x * y) as xy
    from ranked
    group by number, other_number
    having sum(n_models) >= 30

),

correlated as (

    select
        a.comparable_group,
        b.comparable_group as other_group,
        a.benchmark = b.benchmark as is_one_benchmark,
        s.n_models,
        -- Of scores that are all equal there is none.
        (n_models * xy - x * y) / nullif(sqrt((n_models * xx - x * x) * (n_models * yy - y * y)), 0) as rank_correlation
    from sums as s
    join groups as a on a.number = s.number
    join groups as b on b.number = s.other_number

),

bounded as (

    -- Of a correlation of 1 or -1 the transform is infinite.
    select
        *,
        case when rank_correlation is not null then atanh(greatest(least(rank_correlation, 0.9999), -0.9999)) end as fisher_z
    from correlated

)

select
    comparable_group,
    other_group,
    is_one_benchmark,
    n_models,
    round(rank_correlation, 2) as rank_correlation,
    round(tanh(fisher_z - 1.96 / sqrt(n_models - 3)), 2) as lo,
    round(tanh(fisher_z + 1.96 / sqrt(n_models - 3)), 2) as hi
from bounded
order by rank_correlation desc nulls last, comparable_group, other_group
