-- Ratings against benchmarks: the Arena's text board, by newest ratings, beside GPQA Diamond of Epoch AI and MMLU-Pro as reported
-- A rating says whom people prefer, a benchmark who answers right: a model far higher in one order is liked, or right, for its score.
-- MMLU-Pro as reported mixes protocols: these are figures of vendors and others.
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
    where s.comparable_group in ('gpqa_diamond_epoch', 'mmlu_pro_reported')

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
    nullif(round(corr(rating_middle, score_middle) over of_group, 2), 'nan'::double) as rank_correlation,
    count(*) over of_group as n_models
from compared
window of_group as (partition by comparable_group)
order by comparable_group, rating_rank, model
