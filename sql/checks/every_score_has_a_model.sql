-- check: a current score of history that core lacks
-- severity: error
with newest as (

    -- core.scores has the newest of a source's dated editions that has the model.
    select source_id, source_name, variant_id, max(run_id) as newest_run_id
    from history.scores
    join core.sources using (source_id)
    where valid_to is null and has_editions
    group by all

)

select h.source_id, h.source_name, h.variant_id, h.locator
from history.scores as h
left join newest using (source_id, source_name, variant_id)
-- Not by variant: policy/corrections may file a score under another one.
anti join core.scores as c using (source_id, source_name, precision, has_chat_template, setting, run_id, path, locator, score_raw)
where h.valid_to is null and h.run_id = coalesce(newest_run_id, h.run_id)
