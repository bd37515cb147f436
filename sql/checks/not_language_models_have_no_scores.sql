-- check: a score or a rating on a board of language models for a model that policy/not_language_models.csv says is none: its pattern is too wide
-- severity: warn
with said as (

    select model_id, source_id, variant_id as scored_on from core.scores
    union
    select model_id, source_id, board from core.ratings

)

select m.model_id, s.source_id, s.scored_on, m.not_language_reason
from core.models as m
join said as s using (model_id)
where m.population = 'not_language'
order by all
