-- Every sentence of the article that data can check, and its verdict
select * exclude (as_of_on, article_order)
from mart.paper_claims
order by array_position(['fails', 'depends', 'partly', 'holds', 'not measurable'], verdict), article_order
