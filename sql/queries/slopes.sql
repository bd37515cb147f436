-- Slopes of scores over size: what ten times the parameters add to a score's log-odds, with the 90 percent interval, by side and group
-- Official models of every date, and of them (official_base) the base models alone. odds_times: by how much the odds of the score,
-- corrected for guessing, grow with ten times the size.
-- is_rising: the whole interval is above 0. A slope over models of several years is that of newer and better ones too:
-- mart.scaling_fit has each era. n_clipped: of n_models, scores at the level of guessing or the ceiling. Groups named *_reported mix protocols.
select
    comparable_group,
    population,
    openness as side,
    form as size,
    round(slope, 2) as slope,
    round(slope_lo, 2) as slope_lo,
    round(slope_hi, 2) as slope_hi,
    slope_lo > 0 as is_rising,
    round(exp(slope), 1) as odds_times,
    round(r2, 2) as r2,
    n as n_models,
    n_clipped,
    n_scored,
    n_families,
    refusal_reason
from mart.scaling_fit
where population in ('official', 'official_base') and era = 'all' and form in ('total', 'active') and n_scored > 0
order by comparable_group, population, openness, form desc
