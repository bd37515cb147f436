-- Scores that a source restated: what was believed before, and what now
select
    new.source_id,
    new.source_name,
    new.variant_id,
    old.score_raw as was,
    new.score_raw as is_now,
    new.valid_from as since
from history.scores as new
join history.scores as old using (source_id, source_name, variant_id, precision, setting, run_id)
where old.valid_to = new.valid_from
    and old.has_chat_template is not distinct from new.has_chat_template
    and old.score_raw <> new.score_raw
order by abs(new.score_raw - old.score_raw) desc, new.source_name, new.variant_id
