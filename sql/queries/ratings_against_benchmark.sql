-- Ratings against benchmarks: the Arena's text board, by newest ratings, beside every headline group of GPQA and MMLU-Pro
-- A rating says whom people prefer, a benchmark who answers right: a model far higher in one order is liked, or right, for its score.
-- Of several settings of a model the rating of the newest day speaks for it, of one day the highest: rated_setting says which.
-- lo and hi: see rating_correlations, which has one row for each group. A group named *_reported mixes protocols.
with rated as (

    select model_id, setting, rating, rating_lower, rating_upper, published_on
    from core.ratings
    where board = 'text'
    qualify row_number() over (partition by model_id order by published_on desc, rating desc, setting) = 1

),

-- Equal scores share the middle of their ranks, as in Spearman's correlation.
compared as (

    select
        s.comparable_group,
        s.model,
        s.openness,
        s.released_on,
        r.*,
        s.score_pct,
        rank() over (partition by s.comparable_group order by r.rating desc) as rating_rank,
        rank() over (partition by s.comparable_group order by s.score_pct desc) as score_rank,
        rating_rank + (count(*) over (partition by s.comparable_group, r.rating) - 1) / 2 as rating_middle,
        score_rank + (count(*) over (partition by s.comparable_group, s.score_pct) - 1) / 2 as score_middle
    from rated as r
    join mart.model_scaling as s using (model_id)
    join core.comparable_groups as g using (comparable_group)
    where g.is_headline and g.benchmark_id in ('gpqa', 'mmlu_pro')

),

correlated as (

    select
        *,
        nullif(corr(rating_middle, score_middle) over of_group, 'nan'::double) as correlation,
        count(*) over of_group as n_models,
        -- Fisher's transformation, which has no value for 1 and -1.
        atanh(greatest(least(correlation, 0.9999), -0.9999)) as z,
        1.96 / sqrt(nullif(greatest(n_models - 3, 0), 0)) as z_half
    from compared
    window of_group as (partition by comparable_group)

)

select
    comparable_group,
    model,
    openness,
    released_on,
    setting as rated_setting,
    round(rating) as rating,
    round(rating_lower) as rating_lower,
    round(rating_upper) as rating_upper,
    published_on as rated_on,
    round(score_pct, 1) as score_pct,
    rating_rank,
    score_rank,
    score_rank - rating_rank as ranks_higher_in_ratings,
    n_models,
    round(correlation, 2) as rank_correlation,
    round(tanh(z - z_half), 2) as lo,
    round(tanh(z + z_half), 2) as hi
from correlated
order by comparable_group, rating_rank, model
