-- The gap between the best proprietary and the best open model by the Arena's ratings, day by day: points, win share and lag.
-- One row per board and day, from the first to the newest day with ratings of both sides; a day without a publication has the
-- ratings of the last one before it.
-- Win share: a difference of d points is an expected share of wins of 1 / (1 + 10^(-d / s)), ties counting one half, with the
-- scale s of the series (core.rating_series has the links).
-- Lag: days since the first proprietary model was known that is rated at least as high as the best open one, each by its newest
-- rating of the series, so that models which are no longer listed count; as mart.gap_lag_daily.
-- Caveats: the two leaders' errors are taken as independent, because the source does not publish the error of their difference. Not to be mixed
-- with gaps in percent.
-- columns:
--   board: = core.ratings
--   series: = core.ratings
--   day: = mart.gap_lag_daily
--   published_on: Day on which the ratings were published: day, or the last one before it
--   leader (open_weights, proprietary, level): Side with the higher best rating
--   is_clear: Whether the interval of the gap holds no zero; null: no intervals are published
--   gap_rating: Proprietary minus open rating, points; negative: open leads
--   gap_rating_lower: Lower end of its interval, points; null: no intervals are published
--   gap_rating_upper: Upper end of its interval, points; null: no intervals are published
--   open_win_share_pct: Expected share of comparisons that the open leader wins against the proprietary one, percent; 50: level
--   open_win_share_lower_pct: The same at gap_rating_upper
--   open_win_share_upper_pct: The same at gap_rating_lower
--   open_rating: Best open rating, points
--   open_source_name: Its name in the source
--   open_model_id: = core.ratings.model_id
--   open_first_on: = mart.arena_models.first_on
--   proprietary_rating: Best proprietary rating, points
--   proprietary_source_name: Its name in the source
--   proprietary_model_id: = core.ratings.model_id
--   proprietary_first_on: = mart.arena_models.first_on
--   lag_days: Days since closed_first_on; 0: open leads; null: no day is known for any proprietary model as good as the open leader
--   is_lag_at_least: Whether a proprietary model as good has no known first day, so that the lag may be longer
--   closed_model_id: First known proprietary model rated at least as high as the open leader; null: there is none
--   closed_first_on: = mart.arena_models.first_on
--   open_after_closed_days: Days from closed_first_on to open_first_on: by how much the open leader came later; null: a day is not known
--   n_open: Open models that are rated
--   n_proprietary: Proprietary models that are rated
--   n_unknown: Names without a known openness, on neither side
create view mart.arena_gap as
with sides as (

    select
        board,
        series,
        published_on,
        any_value(f) filter (where openness = 'open_weights') as open,
        any_value(f) filter (where openness = 'proprietary') as closed
    from mart.arena_frontier as f
    group by all

),

closed_ratings as (

    select
        r.board,
        r.series,
        r.model_id,
        r.rating,
        m.first_on,
        r.published_on as begins_on,
        lead(r.published_on) over (partition by r.board, r.series, r.source_name order by r.published_on) as ends_before_on
    from core.ratings as r
    join mart.arena_models as m using (board, model_id)
    where r.openness = 'proprietary'

),

as_good as (

    select
        s.board,
        s.published_on,
        min(c.first_on) as first_on,
        arg_min(c.model_id, {'on': c.first_on, 'model_id': c.model_id}) filter (where c.first_on is not null) as model_id,
        bool_or(c.first_on is null) as has_undated
    from sides as s
    join closed_ratings as c
        on c.board = s.board
        and c.series = s.series
        and c.begins_on <= s.published_on
        and (c.ends_before_on is null or c.ends_before_on > s.published_on)
        and c.rating >= s.open.rating
    group by all

),

unknown as (

    select board, published_on, count(*) filter (where openness = 'unknown') as n_unknown
    from core.ratings
    group by all

),

compared as (

    select
        s.board,
        s.series,
        s.published_on,
        lead(s.published_on) over (partition by s.board order by s.published_on) as next_on,
        s.open,
        s.closed,
        p.points_per_tenfold as scale,
        s.closed.rating - s.open.rating as gap_rating,
        gap_rating - sqrt(
            power(s.closed.rating - s.closed.rating_lower, 2) + power(s.open.rating_upper - s.open.rating, 2)
        ) as gap_rating_lower,
        gap_rating + sqrt(
            power(s.closed.rating_upper - s.closed.rating, 2) + power(s.open.rating - s.open.rating_lower, 2)
        ) as gap_rating_upper,
        g.first_on as closed_first_on,
        g.model_id as closed_model_id,
        coalesce(g.has_undated, false) as is_lag_at_least,
        g.published_on is null as is_open_ahead,
        u.n_unknown
    from sides as s
    join core.rating_series as p on p.board = s.board and p.series = s.series
    join unknown as u on u.board = s.board and u.published_on = s.published_on
    left join as_good as g on g.board = s.board and g.published_on = s.published_on
    where s.open is not null and s.closed is not null

),

spread as (

    select
        *,
        unnest(generate_series(published_on, coalesce(next_on - interval 1 day, published_on), interval 1 day))::date as day
    from compared

),

final as (

    select
        board,
        series,
        day,
        published_on,
        case sign(gap_rating) when 1 then 'proprietary' when -1 then 'open_weights' else 'level' end as leader,
        gap_rating_lower > 0 or gap_rating_upper < 0 as is_clear,
        gap_rating,
        gap_rating_lower,
        gap_rating_upper,
        100 / (1 + power(10, gap_rating / scale)) as open_win_share_pct,
        100 / (1 + power(10, gap_rating_upper / scale)) as open_win_share_lower_pct,
        100 / (1 + power(10, gap_rating_lower / scale)) as open_win_share_upper_pct,
        open.rating as open_rating,
        open.source_name as open_source_name,
        open.model_id as open_model_id,
        open.first_on as open_first_on,
        closed.rating as proprietary_rating,
        closed.source_name as proprietary_source_name,
        closed.model_id as proprietary_model_id,
        closed.first_on as proprietary_first_on,
        case when is_open_ahead then 0 else day - closed_first_on end as lag_days,
        is_lag_at_least,
        closed_model_id,
        closed_first_on,
        open.first_on - closed_first_on as open_after_closed_days,
        open.n_models as n_open,
        closed.n_models as n_proprietary,
        n_unknown
    from spread

)

select * from final
