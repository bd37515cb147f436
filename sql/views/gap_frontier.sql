-- The best score so far of open weights and of proprietary models, at each date on which it rose.
-- One row per population, comparable group, openness and date of a new best: filter on population, 'official' by default
-- (see mart.populations). Only models with a date, and none after the date through which that side could be observed.
-- Caveats: a release date by upload is a few days late; *_reported groups mix protocols, base and instruct models: see tuning
-- and n_shot.
-- columns:
--   population: = mart.populations
--   comparable_group: = core.benchmarks
--   benchmark: = core.benchmarks.benchmark_id
--   openness (open_weights, proprietary): Side
--   reached_on: Release date of the model that set the new best
--   score_pct: The new best, percent
--   score_norm_pct: The same, 0 = guessing, 100 = ceiling; null: not defined for the variant
--   model_id: Model that set it; of several with the same score and date the first by id
--   model: = core.models.display_name
--   organization: = core.models
--   tuning: = core.models
--   n_shot: = core.scores
--   is_self_reported: = mart.model_scaling
--   params_b: = mart.model_scaling
--   surpassed_on: Date of the next best on the same side; null: not surpassed in what could be observed
--   n_models: Models of this side released up to then and scored
--   observed_through_on: = mart.gap_running
--   newest_on: = mart.gap_running
--   newest_model_id: Model of newest_on; of several the first by model id
create view mart.gap_frontier as
with records as (

    select * from mart.gap_running where reached_on = released_on

),

final as (

    select
        population,
        comparable_group,
        holder.benchmark,
        openness,
        reached_on,
        score_pct,
        holder.score_norm_pct,
        holder.model_id,
        holder.model,
        holder.organization,
        holder.tuning,
        holder.n_shot,
        holder.is_self_reported,
        holder.params_b,
        lead(reached_on) over (partition by population, comparable_group, openness order by reached_on) as surpassed_on,
        n_models,
        observed_through_on,
        newest_on,
        newest.model_id as newest_model_id
    from records

)

select * from final
