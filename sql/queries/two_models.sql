-- Two models side by side: DeepSeek-R1 and GPT-4o of May 2024 in every group in which both have a score
select
    a.comparable_group,
    a.model,
    round(a.score_pct, 1) as score_pct,
    a.reporter,
    b.model as other_model,
    round(b.score_pct, 1) as other_pct,
    b.reporter as other_reporter,
    round(a.score_pct - b.score_pct, 1) as difference_pct
from mart.model_scaling as a
join mart.model_scaling as b using (comparable_group)
where a.model_id = 'deepseek-ai/DeepSeek-R1' and b.model_id = 'openai/gpt-4o-2024-05-13'
order by a.comparable_group
