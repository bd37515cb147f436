-- Sizes over the years: the median and the greatest size of official open models by the year of their release, dense and mixtures apart
-- is_moe is null where no source says whether a model is a mixture of experts.
select
    year(released_on) as released_year,
    is_moe,
    count(*) as n_models,
    count(params_total) as n_sized,
    round(median(params_total) / 1e9, 1) as median_params_total_b,
    round(median(params_active) / 1e9, 1) as median_params_active_b,
    round(max(params_total) / 1e9, 1) as greatest_params_total_b,
    max_by(display_name, (params_total, display_name)) as greatest_model
from core.models
where population = 'official' and openness = 'open_weights'
group by all
order by released_year nulls last, is_moe nulls last
