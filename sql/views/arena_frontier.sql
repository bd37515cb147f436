-- The best rated open and the best rated proprietary model of the Arena's boards, by day of publication.
-- One row per board, day on which ratings were published, and side. Every model of the board takes part whose openness is known.
-- Caveats: ratings are points, not percent, and only differences within one day mean something; a new series (core.rating_series)
-- moves all of them. Models that the source no longer lists are absent from days that were read after that.
-- columns:
--   board: = core.ratings
--   series: = core.ratings
--   published_on: = core.ratings
--   openness: = mart.gap_frontier
--   rating: Rating of the best model, points
--   rating_lower: = core.ratings
--   rating_upper: = core.ratings
--   n_votes: = core.ratings
--   source_name: Name of the best model in the source; of several with one rating the first by model id and name
--   model_id: = core.ratings
--   model: = core.models.display_name
--   organization: = core.ratings
--   first_on: = mart.arena_models
--   first_on_method: = mart.arena_models
--   n_models: Models of the side that are rated that day
create view mart.arena_frontier as
with ranked as (

    select
        *,
        row_number() over (partition by board, published_on, openness order by rating desc, model_id, source_name) as nth
    from core.ratings
    where openness <> 'unknown'

),

counted as (

    select board, published_on, openness, count(distinct model_id) as n_models
    from core.ratings
    group by all

),

final as (

    select
        r.board,
        r.series,
        r.published_on,
        r.openness,
        r.rating,
        r.rating_lower,
        r.rating_upper,
        r.n_votes,
        r.source_name,
        r.model_id,
        m.model,
        r.organization,
        m.first_on,
        m.first_on_method,
        c.n_models
    from ranked as r
    join counted as c using (board, published_on, openness)
    join mart.arena_models as m using (board, model_id)
    where r.nth = 1

)

select * from final
