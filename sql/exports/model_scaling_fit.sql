-- Fitted score by size with its 90 % band, one row per comparable group, side, form and size: the lines of
-- model_scaling.csv.
-- The band is of the line, not of single models: most of them lie outside it.
-- The same models as there, all release dates; form says which parameters are meant. A side has a line only
-- where its data bear one out: model_scaling_coverage.csv says why one has none.
-- columns:
--   openness (Open, Proprietary): Open or Proprietary
--   params_b: Size in billions, as form counts it
--   score_pct: The line, percent
--   lo_pct: Lower end of its band, percent
--   hi_pct: Upper end, percent
--   comparable_group: Variants that may be compared
--   benchmark: Benchmark id
--   form (total, active): Which parameters: total or active
--   n_sized: Models that the line was fitted to; those of one family that coincide in size and score are one
--   n_scored: Models of this side with a score, sized or not
with sides as (

    select comparable_group, openness, count(*) as n_scored, count(params_b) as n_sized
    from mart.model_scaling
    where population = 'official'
    group by all

),

lines as (

    select b.*
    from mart.scaling_band as b
    join mart.drawn_lines as d using (population, comparable_group, openness, era, form)
    where d.no_line_reason is null and b.score_pct is not null and b.lo_pct is not null and b.hi_pct is not null

)

select
    case f.openness when 'open_weights' then 'Open' else 'Proprietary' end as openness,
    b.params_b,
    b.score_pct,
    b.lo_pct,
    b.hi_pct,
    f.comparable_group,
    f.benchmark,
    f.form,
    f.n as n_sized,
    f.n_scored,
    -- n_sized of n_scored as in model_scaling_coverage.csv: a line that no group of its kind can have does not lack models.
    case when b.params_b is null then {
        'comparable_group': f.comparable_group,
        'openness': f.openness,
        'form': f.form,
        'reason': coalesce(d.no_line_reason, 'the group has no single baseline: its line has no percent'),
        'n_sized': coalesce(s.n_sized, 0),
        'n_scored': coalesce(s.n_scored, 0)
    } end as left_out
from mart.scaling_fit as f
join mart.drawn_lines as d using (population, comparable_group, openness, era, form)
left join lines as b using (population, comparable_group, openness, era, form)
left join sides as s on s.comparable_group = f.comparable_group and s.openness = f.openness
where f.population = 'official'
    and f.openness in ('open_weights', 'proprietary')
    and f.era = 'all'
    and f.form in ('total', 'active')
order by openness, f.comparable_group, f.form desc, b.params_b
