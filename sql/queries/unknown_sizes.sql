-- Unknown sizes: every scored or rated model without one, why, and where it is scored, official ones first and of them the newest
-- unknown_of_side: how many of the side's scored or rated models (of_side) have no size, the models of every population together.
with places as (

    select model_id, count(*) as n_places, string_agg(place, '; ' order by place) as scored_on
    from (
        select model_id, comparable_group as place from core.scores
        union
        select model_id, 'rated by the Arena, ' || board from core.ratings
    )
    group by model_id

),

sides as (

    select openness, count(*) as of_side, count(*) filter (where params_total is null) as unknown_of_side
    from core.models
    join places using (model_id)
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
from core.models as m
join places as p using (model_id)
join sides on sides.openness is not distinct from m.openness
where m.params_total is null
order by m.population <> 'official', m.released_on desc nulls last, m.model_id
