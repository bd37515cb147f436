-- subjects of MMLU that the raw results of Open LLM Leaderboard v1 hold
select
    nullif(count(distinct subtask), 0) as computed_value,
    count(distinct source_name) as n,
    max(evaluated_on) as observed_through_on,
    printf('%d subjects in the result files of %d models', count(distinct subtask), count(distinct source_name)) as evidence
from core.subtask_scores
join core.sources using (source_id)
where benchmark_id = 'mmlu' and leaderboard = 'olb_v1' and subtask is not null
