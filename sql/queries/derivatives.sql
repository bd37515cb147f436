-- Derivatives of base models: from which models most others are made, directly or through others, and by which way
-- Only models whose base is recorded count, n_with_a_base in all; a merge counts for each of its parents. The four ways are of direct ones.
-- n_owners: whose they are; one account may have handed in a hundred tries over one base. A copy that another account uploaded counts as
-- a base of its own, for nothing here shows whether its weights are the same: named_like is an official model of the same name.
with made as (

    select l.*, m.model_id in (select model_id from core.scores) as is_scored
    from mart.lineage as l
    join core.models as m using (model_id)
    where l.depth > 0

),

bases as (

    select
        ancestor_id as base_model_id,
        count(*) as n_derivatives,
        count(distinct split_part(model_id, '/', 1)) as n_owners,
        count(*) filter (is_scored) as n_scored,
        count(*) filter (depth = 1) as n_direct,
        count(*) filter (depth = 1 and relation = 'finetune') as n_finetunes,
        count(*) filter (depth = 1 and relation = 'adapter') as n_adapters,
        count(*) filter (depth = 1 and relation = 'quantized') as n_quantized,
        count(*) filter (depth = 1 and relation = 'merge') as n_merges,
        max(depth) as most_steps,
        (select count(distinct model_id) from made) as n_with_a_base,
        regexp_replace(lower(split_part(ancestor_id, '/', -1)), '[-_](bnb|fp16|bf16|4bit|8bit)([-_].*)?$', '') as repository
    from made
    group by ancestor_id

),

originals as (

    select lower(split_part(model_id, '/', -1)) as repository, min(model_id) as model_id
    from core.models
    where population = 'official' and contains(model_id, '/')
    group by all

)

select b.* exclude (repository), nullif(o.model_id, b.base_model_id) as named_like
from bases as b
left join originals as o using (repository)
order by n_derivatives desc, base_model_id
