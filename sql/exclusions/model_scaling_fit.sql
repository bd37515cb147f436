-- Lines that model_scaling_fit.csv does not have, with the reason for which the fit was refused.
-- n_sized of n_scored: as in model_scaling_coverage.csv, so that a line that no group of its kind can have is not taken
-- for one that lacks models.
with sides as (

    select comparable_group, openness, count(*) as n_scored, count(params_b) as n_sized
    from mart.model_scaling
    where population = 'official'
    group by all

)

select
    f.comparable_group,
    f.openness,
    coalesce(f.refusal_reason, 'the group has no single baseline: its line has no percent') as reason,
    1 as n,
    coalesce(s.n_sized, 0) as n_sized,
    coalesce(s.n_scored, 0) as n_scored
from mart.scaling_fit as f
left join sides as s using (comparable_group, openness)
where f.population = 'official'
    and f.openness in ('open_weights', 'proprietary')
    and f.era = 'all'
    and f.form = 'total'
    and not exists (
        select 1
        from mart.scaling_band as b
        where b.population = f.population
            and b.comparable_group = f.comparable_group
            and b.openness = f.openness
            and b.era = f.era
            and b.form = f.form
            and b.score_pct is not null
            and b.lo_pct is not null
            and b.hi_pct is not null
    )
order by f.comparable_group, f.openness
