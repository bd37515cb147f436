-- Ratings against a benchmark: models of the Arena's text board, by their newest rating, beside GPQA Diamond as Epoch AI measured it
-- A rating says whom people prefer, a benchmark who answers right: a model far higher in one order is liked, or right, for its score.
with rated as (

    select model_id, setting, rating, rating_lower, rating_upper, published_on
    from core.ratings
    where board = 'text'
    qualify row_number() over (partition by model_id order by published_on desc, rating desc, setting) = 1

),

compared as (

    select
        s.model,
        s.openness,
        s.released_on,
        r.*,
        s.score_pct,
        rank() over (order by r.rating desc) as rating_rank,
        rank() over (order by s.score_pct desc) as score_rank
    from rated as r
    join mart.model_scaling as s using (model_id)
    where s.comparable_group = 'gpqa_diamond_epoch'

)

select
    model,
    openness,
    released_on,
    setting as rated_setting,
    round(rating) as rating,
    round(rating_lower) as rating_lower,
    round(rating_upper) as rating_upper,
    published_on as rated_on,
    round(score_pct, 1) as gpqa_diamond_pct,
    rating_rank,
    score_rank,
    score_rank - rating_rank as ranks_higher_in_ratings,
    round(corr(rating_rank, score_rank) over (), 2) as rank_correlation,
    count(*) over () as n_models
from compared
order by rating_rank, model
