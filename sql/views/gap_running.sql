-- The best score so far of each side at each date on which it released a model; mart.gap_frontier and mart.gap_daily read it.
-- One row per population, comparable group, openness and release date: filter on population, 'official' by default (see
-- mart.populations). Only models with a date, and none after the date through which that side could be observed.
-- Caveats: as mart.gap_frontier.
-- kept by comparable_group
-- columns:
--   population: = mart.populations
--   comparable_group: = core.benchmarks
--   openness: = mart.gap_frontier
--   released_on: Date on which at least one model came out
--   reached_on: Date on which the best score so far was reached
--   score_pct: Best score so far, percent
--   holder: The model that holds it, as a struct of columns of mart.model_scaling; of several the first by model id
--   n_models: = mart.gap_frontier
--   newest_on: Release date of the newest scored model of this side, but for a few that came after a long silence
--   newest: That model, as a struct of model_id and model; of several of a day the first by model id
--   grace_days: Days for which its silence is still the usual pace of this side
--   observed_through_on: Last date on which a new model of this side would have been seen: newest_on and grace_days, at most the day that policy/comparable_groups sets for an archive
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
        end as archived_on
    from mart.model_scaling as p
    join core.comparable_groups as g using (comparable_group)
    where p.openness in ('open_weights', 'proprietary')

),

observed as (

    select * from points where released_on <= coalesce(archived_on, date '9999-12-31')

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
        p.archived_on,
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
        archived_on,
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

rules as (

    select
        max(value) filter (where rule = 'grace_quantile') as grace_quantile,
        max(value) filter (where rule = 'grace_releases') as grace_releases,
        max(value) filter (where rule = 'grace_least_days') as grace_least_days,
        max(value) filter (where rule = 'grace_most_days') as grace_most_days,
        max(value) filter (where rule = 'return_releases') as return_releases
    from core.rules

),

intervals as (

    select
        population,
        comparable_group,
        openness,
        released_on,
        archived_on,
        released_on - lag(released_on) over (
            partition by population, comparable_group, openness order by released_on
        ) as interval_days
    from days

),

-- A side falls silent where the next release is further off than any grace.
spells as (

    select
        intervals.*,
        rules.*,
        sum((coalesce(interval_days, 0) > grace_most_days)::integer) over (
            partition by population, comparable_group, openness order by released_on
        ) as spell
    from intervals
    cross join rules

),

-- The last spell of some releases: one model after a long silence does not mean that the side reports again.
last_spells as (

    select population, comparable_group, openness, max(released_on) as newest_on
    from spells
    group by population, comparable_group, openness, spell
    qualify row_number() over (
        partition by population, comparable_group, openness
        order by
            count(*) >= any_value(return_releases) desc,
            case when count(*) >= any_value(return_releases) then spell end desc,
            count(*) desc,
            spell
    ) = 1

),

paces as (

    select
        population,
        comparable_group,
        openness,
        any_value(newest_on) as newest_on,
        any_value(archived_on) as archived_on,
        list(interval_days order by released_on desc) filter (interval_days is not null)[:any_value(grace_releases)::integer]
            as last_days,
        list_sort(last_days) as sorted_days,
        -- The nearest rank: the interval itself, not a number between two. Without any the least grace.
        greatest(
            any_value(grace_least_days),
            least(
                any_value(grace_most_days),
                coalesce(sorted_days[ceil(any_value(grace_quantile) * len(sorted_days))::integer], 0)
            )
        )::integer as grace_days
    from spells
    join last_spells using (population, comparable_group, openness)
    where released_on <= newest_on
    group by all

),

sides as (

    select
        s.population,
        s.comparable_group,
        s.openness,
        s.newest_on,
        s.grace_days,
        least(s.newest_on + s.grace_days, s.archived_on) as observed_through_on,
        arg_min({'model_id': p.model_id, 'model': p.model}, p.model_id) as newest
    from paces as s
    join observed as p
        on p.comparable_group = s.comparable_group and p.openness = s.openness and p.released_on = s.newest_on
    semi join mart.populations as m on m.model_id = p.model_id and m.population = s.population
    group by all

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
        newest_on,
        newest,
        grace_days,
        observed_through_on
    from reached
    join records using (population, comparable_group, openness, reached_on)
    join sides using (population, comparable_group, openness)
    where released_on <= newest_on

)

select * from final
