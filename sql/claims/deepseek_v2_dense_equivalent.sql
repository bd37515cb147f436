-- size of a typical dense open model of its era with the MMLU of DeepSeek-V2, over its active size; if the score lies beyond the curve, the bound at which the curve ends
select
    coalesce(times_active, at_least_b / params_active_b, at_most_b / params_active_b) as computed_value,
    times_active_lo as lo,
    times_active_hi as hi,
    curve_n as n,
    concat_ws(
        '; ',
        printf('%.0fB active', params_active_b),
        printf('%.0fB dense equivalent', equivalent_params_b),
        reason,
        printf('curve of %d dense models of the era %s from %.1fB to %.1fB, r2 %.2f', curve_n, era, curve_min_params_b, curve_max_params_b, curve_r2)
    ) as evidence
from mart.dense_equivalent
where model_id = 'deepseek-ai/DeepSeek-V2' and comparable_group = 'mmlu_reported' and era is not null
