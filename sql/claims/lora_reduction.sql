-- d k / (r (d + k)) at d = k = 12,288 and r = 4, the setting of GPT-3 175B in the LoRA paper
select
    12288.0 * 12288 / (4 * (12288 + 12288)) as computed_value,
    12288.0 * 12288 / (8 * (12288 + 12288)) as lo,
    12288.0 * 12288 / (1 * (12288 + 12288)) as hi,
    3 as n,
    'r = 8, 4 and 1' as evidence
