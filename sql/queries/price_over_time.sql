-- Prices over time: the lowest price per million tokens that reaches 70 % MMLU as HELM measures it, each month from which another holds, by side
-- For another score change the group and the threshold, of 30 to 95 % in steps of 5: those of mart.price_to_reach. Official models alone.
-- is_later: the price was stated only after the month, as that of most old models was: a vendor may have asked more before. Models that
-- reach the score and of which no list names a price that is surely theirs are counted (unpriced), whenever they came out: one may have
-- been cheaper.
select
    openness as side,
    month,
    round(blended_usd_per_mtok, 3) as usd_per_mtok,
    model_id as model,
    round(score_pct, 1) as score_pct,
    provider,
    priced_on,
    is_later,
    withdrawn_on,
    n_unpriced as unpriced
from mart.price_to_reach
where population = 'official' and comparable_group = 'mmlu_helm' and score_threshold_pct = 70
order by openness, month
