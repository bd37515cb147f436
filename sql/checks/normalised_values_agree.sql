-- check: a source whose own normalised value is not the one that its raw value gives (two-decimal exports aside)
-- severity: warn
select model_id, variant_id, score_norm_pct, h.score_norm_published_pct
from core.scores as c
join history.scores as h using (source_id, source_name, variant_id, precision, has_chat_template, run_id)
where h.valid_to is null
    and c.norm_method = 'computed'
    and abs(c.score_norm_pct - h.score_norm_published_pct) > 0.7
