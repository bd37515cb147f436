-- Version 1 against version 2 of the Open LLM Leaderboard: models measured by both, on MMLU and MMLU-Pro, and averages
-- rank_correlation: of the n_models in both, of every population; models handed in to both are no sample of either. Averages are of
-- the six benchmarks of each version, as it averages them: v1 percent, v2 normalised; average_rank_correlation is of those with both.
with measured as (

    select model_id from mart.model_scaling where comparable_group = 'mmlu_measured'
    intersect
    select model_id from mart.model_scaling where comparable_group = 'mmlu_pro_measured'

),

-- The last digits of a mean depend on the order of its rows, and would part equal ones.
averages as (

    select
        model_id,
        case when count(v1_pct) = 6 then round(avg(v1_pct), 9) end as v1_average_pct,
        case when count(v2_pct) = 6 then round(avg(v2_pct), 9) end as v2_average_pct
    from (
        select
            model_id,
            case when variant like '%_olb_v1' then score_pct end as v1_pct,
            case when variant like '%_olb_v2' then score_norm_pct end as v2_pct
        from mart.model_scaling
        semi join measured using (model_id)
    )
    group by model_id

),

both_versions as (

    select
        v1.model,
        v1.params_b,
        v1.score_pct as mmlu_pct,
        v2.score_pct as mmlu_pro_pct,
        case when a.v2_average_pct is not null then a.v1_average_pct end as v1_average_pct,
        case when a.v1_average_pct is not null then a.v2_average_pct end as v2_average_pct
    from mart.model_scaling as v1
    join mart.model_scaling as v2 using (model_id)
    join averages as a using (model_id)
    where v1.comparable_group = 'mmlu_measured' and v2.comparable_group = 'mmlu_pro_measured'

),

-- Equal scores share the middle of their ranks, as in Spearman's correlation.
ranked as (

    select
        *,
        rank() over (order by mmlu_pct desc) as mmlu_rank,
        rank() over (order by mmlu_pro_pct desc) as mmlu_pro_rank,
        mmlu_rank + (count(*) over (partition by mmlu_pct) - 1) / 2 as mmlu_middle,
        mmlu_pro_rank + (count(*) over (partition by mmlu_pro_pct) - 1) / 2 as mmlu_pro_middle,
        case when v1_average_pct is not null
            then rank() over (order by v1_average_pct) + (count(*) over (partition by v1_average_pct) - 1) / 2
        end as v1_middle,
        case when v2_average_pct is not null
            then rank() over (order by v2_average_pct) + (count(*) over (partition by v2_average_pct) - 1) / 2
        end as v2_middle
    from both_versions

)

select
    model,
    round(params_b, 1) as params_b,
    round(mmlu_pct, 1) as mmlu_pct,
    mmlu_rank,
    round(mmlu_pro_pct, 1) as mmlu_pro_pct,
    mmlu_pro_rank,
    nullif(round(corr(mmlu_middle, mmlu_pro_middle) over (), 2), 'nan'::double) as rank_correlation,
    count(*) over () as n_models,
    round(v1_average_pct, 1) as v1_average_pct,
    round(v2_average_pct, 1) as v2_average_pct,
    nullif(round(corr(v1_middle, v2_middle) over (), 2), 'nan'::double) as average_rank_correlation
from ranked
order by mmlu_pro_rank, model
