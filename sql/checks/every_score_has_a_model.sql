-- check: a current score of history that core lacks
-- severity: error
with newest as (

    -- core.scores has the newest of a source's dated editions that has the score.
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
anti join core.scores as c
    on c.source_id = h.source_id
    and c.source_name = h.source_name
    and c.precision = h.precision
    and c.setting = h.setting
    and c.run_id = h.run_id
    and c.path = h.path
    and c.locator = h.locator
    and c.score_raw = h.score_raw
    and c.has_chat_template is not distinct from h.has_chat_template
where h.valid_to is null and h.run_id = coalesce(newest_run_id, h.run_id)
