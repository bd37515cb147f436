-- months from 2023-01-01 to the release of LLaMA
select
    date_diff('day', date '2023-01-01', released_on) / 30.4375 as computed_value,
    1 as n,
    released_on as observed_through_on,
    'released on ' || released_on as evidence
from core.models
where model_id = 'huggyllama/llama-65b' and released_on is not null
