-- The article's claims with their verdicts, the value computed and what it rests on
select claim_id, verdict, round(computed_value, 3) as computed_value, n, observed_through_on, evidence
from mart.paper_claims
order by verdict = 'not measurable', claim_id
