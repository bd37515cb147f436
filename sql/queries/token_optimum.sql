-- Tokens per parameter over the compute-optimal of each set of constants, large models first; mart.scaling_laws says why they differ
with wide as (

    select
        model_id,
        any_value(params_per_token) / 1e9 as params_per_token_b,
        any_value(tokens_per_param) as tokens_per_param,
        max(ratio_to_optimum) filter (where law_id = 'hoffmann_2022_printed') as over_hoffmann_printed,
        max(ratio_to_optimum) filter (where law_id = 'hoffmann_2022_unrounded') as over_hoffmann_unrounded,
        max(ratio_to_optimum) filter (where law_id = 'besiroglu_2024') as over_besiroglu
    from mart.tokens_per_parameter
    group by model_id

)

select
    m.display_name as model,
    m.released_on,
    round(w.params_per_token_b, 1) as params_per_token_b,
    round(w.tokens_per_param, 1) as tokens_per_param,
    round(w.over_hoffmann_printed, 2) as over_hoffmann_printed,
    round(w.over_hoffmann_unrounded, 2) as over_hoffmann_unrounded,
    round(w.over_besiroglu, 2) as over_besiroglu
from wide as w
join core.models as m using (model_id)
order by w.params_per_token_b desc, model
