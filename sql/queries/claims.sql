-- The article's claims, in its order, with their verdicts, the computed value and its evidence
select claim_id, verdict, round(computed_value, 3) as computed_value, n, observed_through_on, evidence
from mart.paper_claims
order by article_order
