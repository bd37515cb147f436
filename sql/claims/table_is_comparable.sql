-- kinds of tuning (base, instruct) among the four models whose figures the rows are
select
    count(distinct tuning) as computed_value,
    count(*) as n,
    string_agg(display_name || ': ' || coalesce(tuning, 'unknown'), '; ' order by model_id) as evidence
from core.models
where model_id in (
    'meta-llama/Meta-Llama-3-70B', 'mistralai/Mixtral-8x7B-v0.1', 'deepseek-ai/DeepSeek-V2',
    'meta-llama/Llama-3.1-405B-Instruct'
)
having count(tuning) > 0
