-- Models of the Arena's boards: since when each is known, and whether it is still listed.
-- One row per board and model; names that policy leads to one model (settings, renames) are one.
-- Caveat: the source does not state release dates. If core.models has none either, the first day of a rating replaces it, which
-- is later by days or weeks; on the first day of the data it is unknown, because the model may be older than the data.
-- columns:
--   board: = core.ratings
--   model_id: = core.ratings
--   model: = core.models.display_name
--   openness: = core.ratings; on the newest day on which the model was rated
--   first_rated_on: First day with a rating of it
--   last_rated_on: Last day with a rating of it
--   is_listed: Whether it is rated on the newest day of the board
--   first_on: Day since which it is known: its release, or the day of its first rating where that is earlier or no release is known; null: rated from the first day of the data, and no release is known
--   first_on_method (release, first_rating): What first_on is; null: there is none
create view mart.arena_models as
with boards as (

    select board, min(published_on) as begins_on, max(published_on) as ends_on
    from core.ratings
    group by all

),

rated as (

    select
        board,
        model_id,
        arg_max(openness, published_on) as openness,
        min(published_on) as first_rated_on,
        max(published_on) as last_rated_on
    from core.ratings
    group by all

),

final as (

    select
        r.board,
        r.model_id,
        m.display_name as model,
        r.openness,
        r.first_rated_on,
        r.last_rated_on,
        r.last_rated_on = b.ends_on as is_listed,
        case
            when m.released_on is not null then least(m.released_on, r.first_rated_on)
            when r.first_rated_on > b.begins_on then r.first_rated_on
        end as first_on,
        case
            when m.released_on <= r.first_rated_on then 'release'
            when m.released_on is not null or r.first_rated_on > b.begins_on then 'first_rating'
        end as first_on_method
    from rated as r
    join boards as b using (board)
    join core.models as m using (model_id)

)

select * from final
