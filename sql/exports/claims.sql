-- Every sentence of the article that data can check, with the value computed and the verdict that follows from it.
-- One row per claim, in the article's order. A verdict is computed by holds_if from what evidence_query answers, never typed.
-- columns:
--   claim_id: Claim
--   article_place: Section of the article
--   sentence: What it says, verbatim
--   paraphrase: What of these words is judged, in ours; null: all that they say
--   measures: What computed_value is, with its unit
--   computed_value: The value; null: not measurable
--   lo: Lower end of its interval; null: none computed
--   hi: Upper end
--   n: Rows that it uses
--   expected: What would make it hold, in words
--   verdict (holds, partly, fails, depends, not measurable): holds, partly, fails, depends (on which of several scores, or on the tolerance) or not measurable
--   observed_through_on: Last date that the data reach; null: not bound to a date
--   as_of_on: Day of the state
--   evidence: The rows that the value comes from, in words; null: none
--   holds_if: Condition on the answer of evidence_query for holds
--   partly_expected: What is enough for partly, in words; null: holds or fails
--   partly_if: The same as a condition; null: holds or fails
--   note: What to keep in mind; null: nothing
--   evidence_query: The query that computed it
select
    claim_id,
    article_place,
    sentence,
    paraphrase,
    measures,
    computed_value,
    lo,
    hi,
    n,
    expected,
    verdict,
    observed_through_on,
    as_of_on,
    evidence,
    holds_if,
    partly_expected,
    partly_if,
    note,
    evidence_query
from mart.paper_claims
order by article_order
