-- Slopes of scores over size: what ten times the parameters add to a score in log-odds and in points, by side and group
-- Official models of every date, and of them (official_base) the base models alone. slope with its 90 percent interval, is_rising,
-- odds_times, r2 and n_clipped are of the line in log-odds of the score corrected for guessing. points_per_tenfold is of another line,
-- through the same models: percentage points of the score itself. It bends near guessing and the ceiling, and has no interval here.
-- is_rising: the whole interval is above 0. odds_times: by how much the odds grow with ten times the size. A slope over models of several
-- years is that of newer and better ones too: mart.scaling_fit has each era. n_clipped: of n_models, scores at the level of guessing or the
-- ceiling. Models of one family with one size and score are one of n_models, and each a point of the other line. Headline groups come
-- first; those named *_reported mix protocols.
with points as (

    select q.population, p.comparable_group, p.openness, p.score_pct, p.params_b as total_b, p.params_active_b as active_b
    from mart.model_scaling as p
    join mart.populations as q using (model_id)
    where q.population in ('official', 'official_base')

)

select
    f.comparable_group,
    f.population,
    f.openness as side,
    f.form as size,
    round(any_value(f.slope), 2) as slope,
    round(any_value(f.slope_lo), 2) as slope_lo,
    round(any_value(f.slope_hi), 2) as slope_hi,
    any_value(f.slope_lo) > 0 as is_rising,
    round(exp(any_value(f.slope)), 1) as odds_times,
    round(any_value(f.r2), 2) as r2,
    case
        when any_value(f.slope) is not null
            then round(regr_slope(p.score_pct, log10(case f.form when 'total' then p.total_b else p.active_b end)), 1)
    end as points_per_tenfold,
    any_value(f.n) as n_models,
    any_value(f.n_clipped) as n_clipped,
    any_value(f.n_scored) as n_scored,
    any_value(f.n_families) as n_families,
    any_value(f.refusal_reason) as refusal_reason
from mart.scaling_fit as f
left join points as p
    on p.comparable_group = f.comparable_group and p.population = f.population and f.openness in (p.openness, 'all')
left join core.comparable_groups as g on g.comparable_group = f.comparable_group
where f.population in ('official', 'official_base') and f.era = 'all' and f.form in ('total', 'active') and f.n_scored > 0
group by f.comparable_group, f.population, f.openness, f.form
order by not any_value(g.is_headline), f.comparable_group, f.population, f.openness, f.form desc
