-- The best score so far of each side at each date on which it released a model; mart.gap_frontier and mart.gap_daily read it.
-- One row per population, comparable group, openness and release date: filter on population, 'official' by default (see
-- mart.populations). Only models with a date, and none after the date through which that side could be observed.
-- Caveats: as mart.gap_frontier.
-- columns:
--   population: = mart.populations
--   comparable_group: = core.benchmarks
--   openness: = mart.gap_frontier
--   released_on: Date on which at least one model came out
--   reached_on: Date on which the best score so far was reached
--   score_pct: Best score so far, percent
--   holder: The model that holds it, as a struct of columns of mart.model_scaling; of several the first by model id
--   n_models: = mart.gap_frontier
--   observed_through_on: Last date on which a new model of this side could have been seen; null: not limited
create view mart.gap_running as
with points as (

    select
        p.model_id,
        p.model,
        p.organization,
        p.openness,
        p.benchmark,
        p.comparable_group,
        p.tuning,
        p.n_shot,
        p.score_pct,
        p.score_norm_pct,
        p.params_b,
        p.released_on,
        p.is_self_reported,
        case p.openness
            when 'open_weights' then g.observed_through_open_on
            else g.observed_through_proprietary_on
        end as observed_through_on
    from mart.model_scaling as p
    join core.comparable_groups as g using (comparable_group)
    where p.openness in ('open_weights', 'proprietary')

),

observed as (

    select * from points where released_on <= coalesce(observed_through_on, date '9999-12-31')

),

-- Models of the same populations are counted together: a few sets of populations instead of seven times all models.
memberships as (

    select model_id, string_agg(population, ' ' order by population) as populations from mart.populations group by model_id

),

days_of_sets as (

    select
        m.populations,
        p.comparable_group,
        p.openness,
        p.released_on,
        p.observed_through_on,
        max(p.score_pct) as score_pct,
        count(*) as n_released
    from observed as p
    join memberships as m using (model_id)
    group by all

),

days_of_populations as (

    select unnest(string_split(populations, ' ')) as population, * exclude (populations) from days_of_sets

),

days as (

    select
        population,
        comparable_group,
        openness,
        released_on,
        observed_through_on,
        max(score_pct) as best_of_day_pct,
        sum(n_released) as n_released
    from days_of_populations
    group by all

),

running as (

    select
        *,
        max(best_of_day_pct) over so_far as score_pct,
        best_of_day_pct
            > coalesce(max(best_of_day_pct) over (so_far rows between unbounded preceding and 1 preceding), -1) as is_record,
        (sum(n_released) over so_far)::bigint as n_models
    from days
    window so_far as (partition by population, comparable_group, openness order by released_on)

),

records as (

    select r.population, r.comparable_group, r.openness, r.released_on as reached_on, arg_min(p, p.model_id) as holder
    from running as r
    join observed as p
        on p.comparable_group = r.comparable_group and p.openness = r.openness and p.released_on = r.released_on
            and p.score_pct = r.score_pct
    semi join mart.populations as m on m.model_id = p.model_id and m.population = r.population
    where r.is_record
    group by all

),

reached as (

    select
        *,
        max(case when is_record then released_on end) over (
            partition by population, comparable_group, openness order by released_on
        ) as reached_on
    from running

),

final as (

    select
        population,
        comparable_group,
        openness,
        released_on,
        reached_on,
        score_pct,
        holder,
        n_models,
        observed_through_on
    from reached
    join records using (population, comparable_group, openness, reached_on)

)

select * from final
