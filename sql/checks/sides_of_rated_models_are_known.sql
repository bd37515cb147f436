-- check: a model of a rating board's newest day of which neither its sources nor its licence say whether its weights are open
-- severity: warn
with newest as (

    select *
    from core.ratings
    qualify published_on = max(published_on) over (partition by source_id, board)

)

select source_id, board, source_name, license_text
from newest
where openness = 'unknown'
