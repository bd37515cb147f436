-- size of a typical dense open model with the MMLU of DeepSeek-V2, over its active size
select
    d.relative_density as computed_value,
    f.n,
    printf('%.0fB dense equivalent against %.0fB active', d.equivalent_params_b, d.params_b) as evidence
from mart.capability_density as d
join mart.scaling_fit as f
    on f.comparable_group = d.comparable_group and f.population = 'official_dense' and f.openness = 'open_weights'
    and f.era = 'all' and f.form = d.form
where d.model_id = 'deepseek-ai/DeepSeek-V2' and d.comparable_group = 'mmlu_reported' and d.relative_density is not null
