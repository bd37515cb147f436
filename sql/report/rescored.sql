-- The twenty scores that the last load moved most, as their source writes them
select
    o.source_id,
    o.source_name,
    o.variant_id,
    c.score_raw as before_raw,
    o.score_raw as after_raw,
    o.score_unit
from history.scores as o
join history.scores as c using (source_id, source_name, variant_id, precision, setting, run_id)
where o.load_id = getvariable('last_load_id')
    and c.closed_load_id = o.load_id
    and c.has_chat_template is not distinct from o.has_chat_template
    and c.score_raw <> o.score_raw
order by abs(o.score_raw - c.score_raw) / greatest(abs(c.score_raw), 1e-9) desc, o.source_id, o.source_name, o.variant_id
limit 20
