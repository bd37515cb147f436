-- What changed at the sources in the last load, the verdicts of the article's claims apart
select source_id, kind, subject, message, is_held
from ops.drift
where load_id = getvariable('last_load_id') and kind <> 'verdict'
order by is_held desc, source_id, kind, subject
