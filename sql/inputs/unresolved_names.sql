-- What mart.unresolved_names is made from.
with unresolved as (

    select source_id, source_name, model_id from core.model_aliases where method = 'unresolved'

)

select hash(u) as said from unresolved as u
union all
select hash(model_id, population, organization) from core.models
union all
select hash(s.source_id, s.source_name, count(*)) from core.scores as s semi join unresolved using (source_id, source_name)
group by s.source_id, s.source_name
union all
select hash(r.source_id, r.source_name, r.organization, r.published_on)
from core.ratings as r semi join unresolved using (source_id, source_name)
