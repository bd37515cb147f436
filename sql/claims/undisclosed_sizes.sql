-- share of the proprietary models with an MMLU score whose vendor published no size, 0-1
select
    avg((params_b is null)::int) as computed_value,
    count(*) as n,
    max(released_on) as observed_through_on,
    printf('%d of %d have no published size', count(*) filter (where params_b is null), count(*)) as evidence
from mart.model_scaling
where comparable_group = 'mmlu_reported' and openness = 'proprietary'
