-- Score against size on the headline benchmarks: how many models it uses, and the slope of the line
select
    g.display_name,
    case f.openness when 'open_weights' then 'Open' else 'Proprietary' end as side,
    f.n as n_sized,
    f.n_scored,
    f.n_families,
    f.slope,
    f.slope_lo,
    f.slope_hi,
    f.r2,
    f.refusal_reason
from mart.scaling_fit as f
join core.comparable_groups as g using (comparable_group)
where f.population = 'official'
    and f.era = 'all'
    and f.form = 'total'
    and f.openness in ('open_weights', 'proprietary')
    and g.is_headline
    and f.n_scored > 0
order by g.display_name, side
