-- The Arena's gap in rating points, expected win share and days, on the last day with ratings of each month
select
    board,
    series,
    day,
    leader,
    is_clear,
    round(gap_rating, 1) as gap_rating,
    round(gap_rating_lower, 1) as gap_rating_lower,
    round(gap_rating_upper, 1) as gap_rating_upper,
    round(open_win_share_pct, 1) as open_win_share_pct,
    open_source_name,
    proprietary_source_name,
    lag_days,
    is_lag_at_least,
    closed_model_id,
    closed_first_on
from mart.arena_gap
qualify row_number() over (partition by board, series, date_trunc('month', day) order by day desc) = 1
order by board, day desc
