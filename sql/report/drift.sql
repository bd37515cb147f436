-- What changed at the sources in the last load, the verdicts of the article's claims apart
select source_id, kind, subject, message, is_held
from ops.drift
where load_id = (select max(load_id) from ops.loads where status in ('published', 'degraded')) and kind <> 'verdict'
order by is_held desc, source_id, kind, subject
