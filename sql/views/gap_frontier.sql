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
        m.population,
        p.comparable_group,
        p.openness,
        p.released_on,
        p.score_pct,
        p.model_id,
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

-- Windows over the best of each day, not over every model with all that is told of it: half the time.
days as (

    select
        population,
        comparable_group,
        openness,
        released_on,
        observed_through_on,
        max(score_pct) as score_pct,
        arg_min(model_id, (-score_pct, model_id)) as model_id,
        count(*) as n_released
    from points
    where released_on <= coalesce(observed_through_on, date '9999-12-31')
    group by all

),

running as (

    select
        *,
        max(score_pct) over (so_far rows between unbounded preceding and 1 preceding) as best_before_pct,
        (sum(n_released) over so_far)::bigint as n_models
    from days
    window so_far as (partition by population, comparable_group, openness order by released_on)

),

records as (

    select * from running where score_pct > coalesce(best_before_pct, -1)

),

final as (

    select
        r.population,
        r.comparable_group,
        p.benchmark,
        r.openness,
        r.released_on as reached_on,
        r.score_pct,
        p.score_norm_pct,
        r.model_id,
        p.model,
        p.organization,
        p.tuning,
        p.n_shot,
        p.is_self_reported,
        p.params_b,
        lead(r.released_on) over (
            partition by r.population, r.comparable_group, r.openness order by r.released_on
        ) as surpassed_on,
        r.n_models,
        r.observed_through_on
    from records as r
    join mart.model_scaling as p using (model_id, comparable_group)

)

select * from final
