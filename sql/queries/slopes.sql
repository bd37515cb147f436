-- Slopes of scores over size: what ten times the parameters add to a score in log-odds and in points, by side and group
-- Official models of every date, and of them (official_base) the base models alone. slope with its 90 percent interval, is_rising,
-- odds_times, r2 and n_clipped are of the line in log-odds of the score corrected for guessing. points_per_tenfold is of another line,
-- through the same models: percentage points of the score itself. It bends near guessing and the ceiling, and has no interval here.
-- is_rising: the whole interval is above 0. odds_times: by how much the odds grow with ten times the size. A slope over models of several
-- years is that of newer and better ones too: mart.scaling_fit has each era. n_clipped: of n_models, scores at the level of guessing or the
-- ceiling. Models of one family with one size and score are one of n_models, and each a point of the other line. Headline groups come
-- first; those named *_reported mix protocols.
with points as (

    select 'official' as population, comparable_group, openness, score_pct, params_b as total_b, params_active_b as active_b
    from mart.model_scaling
    where population = 'official'
    union all
    select 'official_base', comparable_group, openness, score_pct, params_b, params_active_b
    from mart.model_scaling
    semi join (from mart.populations where population = 'official_base') using (model_id)

),

lines as (

    select
        population,
        comparable_group,
        coalesce(openness, 'all') as openness,
        regr_slope(score_pct, log10(total_b)) as total,
        regr_slope(score_pct, log10(active_b)) as active
    from points
    group by grouping sets ((population, comparable_group, openness), (population, comparable_group))

)

select
    f.comparable_group,
    f.population,
    f.openness as side,
    f.form as size,
    round(f.slope, 2) as slope,
    round(f.slope_lo, 2) as slope_lo,
    round(f.slope_hi, 2) as slope_hi,
    f.slope_lo > 0 as is_rising,
    round(exp(f.slope), 1) as odds_times,
    round(f.r2, 2) as r2,
    case when f.slope is not null then round(case f.form when 'total' then l.total else l.active end, 1) end
        as points_per_tenfold,
    f.n as n_models,
    f.n_clipped,
    f.n_scored,
    f.n_families,
    f.refusal_reason
from mart.scaling_fit as f
left join lines as l using (population, comparable_group, openness)
left join core.comparable_groups as g using (comparable_group)
where f.population in ('official', 'official_base') and f.era = 'all' and f.form in ('total', 'active') and f.n_scored > 0
order by not g.is_headline, f.comparable_group, f.population, f.openness, f.form desc
