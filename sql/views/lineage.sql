-- Every model's chain of base models, one step per row, so that an analysis can take one model per family.
-- One row per model and ancestor; depth 0 is the model itself, is_root marks the last ancestor known.
-- Caveats: a base is what a card or a table states; the chain ends at a base that is not in core.models, and at a loop.
-- columns:
--   model_id: = core.models
--   depth: Steps up, 0 = the model itself
--   ancestor_id: The base at that depth
--   relation (quantized, adapter, merge, finetune): How the model one step below was made from it; null: depth 0
--   is_root: Whether no further base is known
--   ancestor_is_known: Whether the ancestor is itself in core.models
create view mart.lineage as
with recursive steps as (

    select model_id, 0 as depth, model_id as ancestor_id, null::varchar as relation, [lower(model_id)] as seen
    from core.models
    union all
    select
        s.model_id, s.depth + 1, m.base_model_id, m.base_model_relation, list_append(s.seen, lower(m.base_model_id))
    from steps as s
    join core.models as m on m.model_id = s.ancestor_id
    where m.base_model_id is not null
        and s.depth < 20
        and not list_contains(s.seen, lower(m.base_model_id))

),

final as (

    select
        s.model_id,
        s.depth,
        s.ancestor_id,
        s.relation,
        s.depth = max(s.depth) over (partition by s.model_id) as is_root,
        m.model_id is not null as ancestor_is_known
    from steps as s
    left join core.models as m on m.model_id = s.ancestor_id

)

select * from final
