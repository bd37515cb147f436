-- proprietary models with score, published size and date in the MMLU chart from 2024 on
select
    count(*) filter (where params_b is not null and released_on >= date '2024-01-01') as computed_value,
    count(*) as n,
    max(released_on) as observed_through_on,
    printf(
        '%d of %d proprietary models have a size; the newest of these is of %s',
        count(params_b), count(*), coalesce(max(released_on) filter (where params_b is not null)::varchar, 'no date')
    ) as evidence
from mart.model_scaling
where comparable_group = 'mmlu_reported' and openness = 'proprietary' and population = 'official'
having count(*) > 0
