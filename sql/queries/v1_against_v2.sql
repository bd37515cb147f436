-- Version 1 against version 2 of the Open LLM Leaderboard: models measured by both, on MMLU and on its successor MMLU-Pro
-- rank_correlation: of the n_models in both, of every population; models handed in to both are no sample of either.
with both_versions as (

    select v1.model, v1.params_b, v1.score_pct as mmlu_pct, v2.score_pct as mmlu_pro_pct
    from mart.model_scaling as v1
    join mart.model_scaling as v2 using (model_id)
    where v1.comparable_group = 'mmlu_measured' and v2.comparable_group = 'mmlu_pro_measured'

),

ranked as (

    select
        *,
        rank() over (order by mmlu_pct desc) as mmlu_rank,
        rank() over (order by mmlu_pro_pct desc) as mmlu_pro_rank
    from both_versions

)

select
    model,
    round(params_b, 1) as params_b,
    round(mmlu_pct, 1) as mmlu_pct,
    mmlu_rank,
    round(mmlu_pro_pct, 1) as mmlu_pro_pct,
    mmlu_pro_rank,
    nullif(round(corr(mmlu_rank, mmlu_pro_rank) over (), 2), 'nan'::double) as rank_correlation,
    count(*) over () as n_models
from ranked
order by mmlu_pro_rank, model
