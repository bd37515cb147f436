-- Ratings against every headline group: how far the Arena's newest ratings and the scores of a benchmark order the same models alike
-- Of several settings of a model the rating of the newest day speaks for it, of one day the highest.
-- The interval (Fisher's, 95 percent) takes models for independent; those of one family are not, so it is too narrow.
-- Groups named *_reported mix protocols.
with rated as (

    select model_id, rating
    from core.ratings
    where board = 'text'
    qualify row_number() over (partition by model_id order by published_on desc, rating desc, setting) = 1

),

-- Equal scores share the middle of their ranks, as in Spearman's correlation.
ranked as (

    select
        g.benchmark_id,
        g.comparable_group,
        rank() over (partition by g.comparable_group order by r.rating)
            + (count(*) over (partition by g.comparable_group, r.rating) - 1) / 2 as rating_rank,
        rank() over (partition by g.comparable_group order by s.score_pct)
            + (count(*) over (partition by g.comparable_group, s.score_pct) - 1) / 2 as score_rank
    from rated as r
    join mart.model_scaling as s using (model_id)
    join core.comparable_groups as g using (comparable_group)
    where g.is_headline

),

correlated as (

    select
        benchmark_id,
        comparable_group,
        count(*) as n_models,
        nullif(corr(rating_rank, score_rank), 'nan'::double) as rank_correlation
    from ranked
    group by all

),

-- Fisher's transformation, which has no value for 1 and -1.
transformed as (

    select
        *,
        atanh(greatest(least(rank_correlation, 0.9999), -0.9999)) as z,
        1.96 / sqrt(nullif(greatest(n_models - 3, 0), 0)) as z_half
    from correlated

)

select
    benchmark_id,
    comparable_group,
    n_models,
    round(rank_correlation, 2) as rank_correlation,
    round(tanh(z - z_half), 2) as lo,
    round(tanh(z + z_half), 2) as hi,
    case
        when z_half is null then 'too few models for an interval'
        when n_models < 30 then 'fewer than 30 models: read lo and hi before the correlation'
    end as note
from transformed
order by benchmark_id, n_models desc, comparable_group
