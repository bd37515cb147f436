-- Unknown sizes: every scored or rated model without one, why, and where it is scored, official ones first and of them the newest
-- unknown_of_side: how many of the side's scored or rated models (of_side) have no size, the models of every population together.
with unknown as (

    select * from core.models where params_total is null

),

-- The names of places take time, and are wanted of these models alone.
places as (

    select model_id, count(*) as n_places, string_agg(place, '; ' order by place) as scored_on
    from (
        select model_id, comparable_group as place from core.scores semi join unknown using (model_id)
        union
        select model_id, 'rated by the Arena, ' || board from core.ratings semi join unknown using (model_id)
    )
    group by model_id

),

sides as (

    select openness, count(*) as of_side, count(*) filter (where params_total is null) as unknown_of_side
    from core.models
    semi join (select model_id from core.scores union all select model_id from core.ratings) using (model_id)
    group by openness

)

select
    m.display_name as model,
    m.organization,
    m.openness,
    m.population,
    m.released_on,
    m.params_reason as reason,
    p.n_places,
    p.scored_on,
    sides.unknown_of_side,
    sides.of_side
from unknown as m
join places as p using (model_id)
join sides on sides.openness is not distinct from m.openness
order by m.population <> 'official', m.released_on desc nulls last, m.model_id
