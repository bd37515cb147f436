-- Fitted score by size with its 90 % band, one row per comparable group, side and size: the lines of model_scaling.csv.
-- The band is of the line, not of single models: most of them lie outside it.
-- The same models as there, all release dates, total parameters. A line is drawn only where there are enough models: where
-- a side is missing, its fit was refused.
-- columns:
--   openness: Open or Proprietary
--   params_b: Size in billions, as form counts it
--   score_pct: The line, percent
--   lo_pct: Lower end of its band, percent
--   hi_pct: Upper end, percent
--   comparable_group: Variants that may be compared
--   benchmark: Benchmark id
--   form: Which parameters: always total here
--   n_sized: Models that the line was fitted to
--   n_scored: Models of this side with a score, sized or not
select
    case b.openness when 'open_weights' then 'Open' else 'Proprietary' end as openness,
    b.params_b,
    b.score_pct,
    b.lo_pct,
    b.hi_pct,
    b.comparable_group,
    f.benchmark,
    b.form,
    f.n as n_sized,
    f.n_scored
from mart.scaling_band as b
join mart.scaling_fit as f using (population, comparable_group, openness, era, form)
where b.population = 'official'
    and b.openness in ('open_weights', 'proprietary')
    and b.era = 'all'
    and b.form = 'total'
    and b.score_pct is not null
    and b.lo_pct is not null
    and b.hi_pct is not null
order by openness, comparable_group, params_b
