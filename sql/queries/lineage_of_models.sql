-- Lineage: the longest lines of descent, from each model up, as far as parents are recorded, through the first parent of a merge
-- n_parents: how many a model has on record. All lines of one model, as of a merge, are in mart.lineage, and `explain MODEL` names its parents.
with recursive descent as (

    select model_id, base_model_id as ancestor_id, 1 as steps, [base_model_id] as line
    from core.model_bases
    where is_first
    union all
    select d.model_id, b.base_model_id, d.steps + 1, list_append(d.line, b.base_model_id)
    from descent as d
    join core.model_bases as b on b.model_id = d.ancestor_id and b.is_first
    -- A card may name a descendant as its base.
    where not list_contains(d.line, b.base_model_id) and b.base_model_id <> d.model_id

),

longest as (

    select model_id, max(steps) as steps, max_by(line, steps) as line
    from descent
    group by model_id

)

select
    model_id,
    steps,
    (select count(*) from core.model_bases as b where b.model_id = longest.model_id) as n_parents,
    line[-1] as root,
    array_to_string(line, ' <- ') as line
from longest
order by steps desc, model_id
