-- Every sentence of the article that data can check, and its verdict
select * exclude (as_of_on)
from mart.paper_claims
order by array_position(['fails', 'depends', 'partly', 'holds', 'not measurable'], verdict), claim_id
