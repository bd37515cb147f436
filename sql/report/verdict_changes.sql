-- Claims of the article whose verdict the last load changed
select d.subject as claim_id, c.sentence, d.message
from ops.drift as d
left join mart.paper_claims as c on c.claim_id = d.subject
where d.load_id = (select max(load_id) from ops.loads where status in ('published', 'degraded')) and d.kind = 'verdict'
order by claim_id
