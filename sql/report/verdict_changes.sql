-- Claims of the article whose verdict the last load changed
select d.subject as claim_id, c.sentence, c.paraphrase, d.message
from ops.drift as d
left join mart.paper_claims as c on c.claim_id = d.subject
where d.load_id = getvariable('last_load_id') and d.kind = 'verdict'
order by claim_id
