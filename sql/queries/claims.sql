-- The article's claims, in its order: the sentence (and what it is taken to say), its verdict, the computed value and its evidence
select
    claim_id,
    sentence || coalesce(' (' || paraphrase || ')', '') as claim,
    verdict,
    round(computed_value, 3) as computed_value,
    n,
    observed_through_on,
    evidence
from mart.paper_claims
order by article_order
