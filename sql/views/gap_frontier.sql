-- The best score so far, open weights and proprietary apart, at each date on which it rose.
-- One row per population, comparable group, openness and date of a new best: filter on population, 'official' by default
-- (see mart.populations). Only models with a date, and nothing after the date through which that side could be observed.
-- Caveats: a release date by upload is a few days late; *_reported groups mix protocols, base and instruct models: tuning
-- and n_shot stand beside each score.
-- columns:
--   population: As in mart.populations
--   comparable_group: Variants that may be compared
--   benchmark: Benchmark id
--   openness: open_weights or proprietary
--   reached_on: Release date of the model that set the new best
--   score_pct: The new best, percent
--   score_norm_pct: The same, 0 = guessing, 100 = ceiling; null: not defined for the variant
--   model_id: Model that set it; of several with the same score and date the first by id
--   model: Its name for people
--   organization: Its owner or vendor
--   tuning: base, instruct or other; null: unknown
--   n_shot: In-context examples of the score; null: not stated
--   is_self_reported: The vendor says so itself; null: not stated
--   params_b: Its total parameters in billions; null: not published
--   surpassed_on: Date of the next best on the same side; null: not surpassed in what could be observed
--   n_models: Models of this side released up to then and scored
--   observed_through_on: Last date on which a new model of this side could have been seen
create view mart.gap_frontier as
with points as (

    select
        p.* exclude (population),
        m.population,
        case p.openness
            when 'open_weights' then g.observed_through_open_on
            else g.observed_through_proprietary_on
        end as observed_through_on
    from mart.model_scaling as p
    join mart.populations as m using (model_id)
    join core.comparable_groups as g using (comparable_group)
    where p.openness in ('open_weights', 'proprietary')
        and p.released_on is not null

),

running as (

    select
        *,
        max(score_pct) over (
            partition by population, comparable_group, openness
            order by released_on
            range between unbounded preceding and interval 1 day preceding
        ) as best_before_pct,
        count(*) over (
            partition by population, comparable_group, openness
            order by released_on
            range between unbounded preceding and current row
        ) as n_models
    from points
    where released_on <= coalesce(observed_through_on, date '9999-12-31')

),

records as (

    select *
    from running
    where score_pct > coalesce(best_before_pct, -1)
    qualify row_number() over (
        partition by population, comparable_group, openness, released_on
        order by score_pct desc, model_id
    ) = 1

),

final as (

    select
        population,
        comparable_group,
        benchmark,
        openness,
        released_on as reached_on,
        score_pct,
        score_norm_pct,
        model_id,
        model,
        organization,
        tuning,
        n_shot,
        is_self_reported,
        params_b,
        lead(released_on) over (partition by population, comparable_group, openness order by released_on) as surpassed_on,
        n_models,
        observed_through_on
    from records

)

select * from final
