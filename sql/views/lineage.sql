-- The ancestors of every model: its bases, their bases and so on, so that an analysis can take one model per family.
-- One row per model and ancestor, however many ways lead up to it; depth 0 is the model itself.
-- Caveats: bases are those of core.model_bases; a base outside core.models has no further ones here. Of models that are said to be
-- made from each other, directly or through others, no such step is believed.
-- kept
-- columns:
--   model_id: = core.models
--   depth: Steps up on the shortest way, 0 = the model itself
--   ancestor_id: The base at that depth
--   relation (quantized, adapter, merge, finetune): How the model one step below on that way was made from it; null: depth 0
--   is_root: Whether the ancestor is not known to be made from another: false also of a merge whose parents nobody recorded
--   ancestor_is_known: Whether the ancestor is itself in core.models
create view mart.lineage as
with recursive bases as (

    -- The Hub takes a name in any letter case for one repository, and cards spell those outside core.models as they like.
    select model_id, relation, min(base_model_id) over (partition by lower(base_model_id)) as base_model_id
    from core.model_bases

),

reached as (

    select model_id, base_model_id as ancestor_id from bases
    union
    select r.model_id, b.base_model_id
    from reached as r
    join bases as b on b.model_id = r.ancestor_id

),

-- A step is in a circle if the base was itself made from the model.
made_from as (

    select b.model_id, b.base_model_id, b.relation
    from bases as b
    anti join reached as r on r.model_id = b.base_model_id and r.ancestor_id = b.model_id

),

ways as (

    select model_id, 0 as depth, model_id as ancestor_id, null::varchar as relation
    from core.models
    union
    select w.model_id, w.depth + 1, f.base_model_id, f.relation
    from ways as w
    join made_from as f on f.model_id = w.ancestor_id

),

nearest as (

    select *
    from ways
    qualify row_number() over (partition by model_id, ancestor_id order by depth, relation) = 1

),

final as (

    select
        n.model_id,
        n.depth,
        n.ancestor_id,
        n.relation,
        n.ancestor_id not in (select model_id from made_from) and not coalesce(m.is_merge, false) as is_root,
        m.model_id is not null as ancestor_is_known
    from nearest as n
    left join core.models as m on m.model_id = n.ancestor_id

)

select * from final
