-- check: a score or a rating on a board of language models for a model that policy/not_language_models.csv says is none: its pattern is too wide
-- severity: warn
with judged as (

    select model_id, not_language_reason from core.models where population = 'not_language'

),

said as (

    select model_id, source_id, variant_id as scored_on from core.scores semi join judged using (model_id)
    union
    select model_id, source_id, board from core.ratings semi join judged using (model_id)

)

select m.model_id, s.source_id, s.scored_on, m.not_language_reason
from judged as m
join said as s using (model_id)
order by all
