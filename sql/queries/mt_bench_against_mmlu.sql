-- MT-Bench against MMLU as reported: models that have both, and how far the two orders agree
-- MMLU as reported mixes protocols: these are figures of vendors and others, each under the protocol of its source.
with both_scores as (

    select m.model, m.openness, m.score_pct as mmlu_pct, t.score_pct as mt_bench_pct
    from mart.model_scaling as m
    join mart.model_scaling as t using (model_id)
    where m.comparable_group = 'mmlu_reported' and t.comparable_group = 'mt_bench'

),

-- Equal scores share the middle of their ranks, as in Spearman's correlation.
ranked as (

    select
        *,
        rank() over (order by mmlu_pct desc) as mmlu_rank,
        rank() over (order by mt_bench_pct desc) as mt_bench_rank,
        mmlu_rank + (count(*) over (partition by mmlu_pct) - 1) / 2 as mmlu_middle,
        mt_bench_rank + (count(*) over (partition by mt_bench_pct) - 1) / 2 as mt_bench_middle
    from both_scores

)

select
    * exclude (mmlu_middle, mt_bench_middle),
    nullif(round(corr(mmlu_middle, mt_bench_middle) over (), 2), 'nan'::double) as rank_correlation
from ranked
order by mt_bench_rank, model
