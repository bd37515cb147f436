-- gigabytes that fine-tuning a model takes at most, scaled from the QLoRA paper's 65B model within 48 GB; lo: the 4-bit weights alone
-- https://arxiv.org/abs/2305.14314: a 65B model on one 48 GB GPU (abstract); 0.127 bits a parameter for the constants of
-- double quantization (section 3)
select
    48 * params_total / 65e9 as computed_value,
    params_total * (4 + 0.127) / 8 / 1e9 as lo,
    48 * params_total / 65e9 as hi,
    1 as n,
    printf(
        '%s, %.1fB parameters: %.1f GB of 4-bit weights, beside them adapters and activations; the paper shows 65B within 48 GB',
        display_name, params_total / 1e9, params_total * (4 + 0.127) / 8 / 1e9
    ) as evidence
from core.models
where model_id = $subject and params_total is not null
