-- check: a current score of history that core lacks
-- severity: error
with newest as (

    -- core.scores has the newest of a source's dated editions that has the score.
    select source_id, source_name, variant_id, max(run_id) as newest_run_id
    from history.scores
    join core.sources using (source_id)
    where valid_to is null and has_editions
    group by all

),

-- One number to look for in place of nine columns; nulls have one, too.
held as (

    select hash(source_id, source_name, precision, setting, run_id, path, locator, score_raw, has_chat_template) as said
    from core.scores

)

select h.source_id, h.source_name, h.variant_id, h.locator
from history.scores as h
left join newest using (source_id, source_name, variant_id)
where h.valid_to is null
    and h.run_id = coalesce(newest_run_id, h.run_id)
    and hash(
        h.source_id, h.source_name, h.precision, h.setting, h.run_id, h.path, h.locator, h.score_raw, h.has_chat_template
    ) not in (from held)
