-- Every model with what is known of it, one row per model: the table of the explorer. populations: those of mart.populations
-- that it takes part in; n_scores: its rows in core.scores.
with memberships as (

    select model_id, string_agg(population, ' ' order by population) as populations
    from mart.populations
    group by model_id

),

counts as (

    select model_id, count(*) as n_scores from core.scores group by model_id

)

select
    model_id,
    nullif(display_name, model_id) as display_name,
    organization,
    family,
    openness,
    population,
    populations,
    coalesce(n_scores, 0) as n_scores,
    released_on,
    released_on_method,
    params_total,
    params_active,
    params_method,
    params_confidence,
    params_reason,
    params_active_reason,
    is_moe,
    architecture,
    tuning,
    training_tokens,
    license_text,
    license_id,
    license_class,
    license_reason,
    is_merge,
    is_flagged,
    is_official,
    is_available
from core.models
left join memberships using (model_id)
left join counts using (model_id)
order by model_id
