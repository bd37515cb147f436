-- Unknown sizes: every scored or rated model without one, why, and where it is scored, official ones first and of them the newest
with places as (

    select model_id, count(*) as n_places, string_agg(place, '; ' order by place) as scored_on
    from (
        select model_id, comparable_group as place from core.scores
        union
        select model_id, 'rated by the Arena, ' || board from core.ratings
    )
    group by model_id

)

select
    m.display_name as model,
    m.organization,
    m.openness,
    m.population,
    m.released_on,
    m.params_reason as reason,
    p.n_places,
    p.scored_on
from core.models as m
join places as p using (model_id)
where m.params_total is null
order by m.population <> 'official', m.released_on desc nulls last, m.model_id
