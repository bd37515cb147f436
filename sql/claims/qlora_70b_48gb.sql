-- gigabytes that the 4-bit weights of a 70B model take
select params_total * 0.5 / 1e9 as computed_value, 1 as n, display_name as evidence
from core.models
where model_id = 'meta-llama/Llama-2-70b-hf' and params_total is not null
