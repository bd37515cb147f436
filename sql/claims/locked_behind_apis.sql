-- share of the days before the release of LLaMA on which a proprietary model led MMLU, 0-1
select
    avg((leader = 'proprietary')::int) as computed_value,
    count(*) as n,
    max(day) as observed_through_on,
    printf('%d days from %s on', count(*), min(day)) as evidence
from mart.gap_daily
where population = 'official' and comparable_group = 'mmlu_reported'
    and day < (select min(released_on) from core.models where model_id = 'huggyllama/llama-65b')
having count(*) > 0
