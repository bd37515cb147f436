-- How many models each side of each group has, and how many of them have a size: what model_scaling.csv can show.
-- The official models, one row per comparable group and side. A side with few sized models is thin, not low.
-- columns:
--   comparable_group: Variants that may be compared
--   benchmark: Benchmark id
--   openness (Open, Proprietary): Open or Proprietary
--   n_scored: Models with a score
--   n_sized: Of these, with a published or known size
--   newest_sized_on: Release date of the newest of these; blank: none is dated
--   group_name: Name of the group for people
--   no_line_reason: Why model_scaling_fit.csv has no line over total parameters of this side; blank: it has one
--   no_active_line_reason: Why it has no line over active parameters; blank: it has one
with sides as (

    select
        comparable_group,
        any_value(benchmark) as benchmark,
        openness,
        count(*) as n_scored,
        count(params_b) as n_sized,
        max(released_on) filter (where params_b is not null) as newest_sized_on
    from mart.model_scaling
    where population = 'official' and openness in ('open_weights', 'proprietary')
    group by comparable_group, openness

)

select
    s.comparable_group,
    s.benchmark,
    case s.openness when 'open_weights' then 'Open' else 'Proprietary' end as openness,
    s.n_scored,
    s.n_sized,
    s.newest_sized_on,
    g.display_name as group_name,
    d.no_line_reason,
    a.no_line_reason as no_active_line_reason
from sides as s
left join core.comparable_groups as g using (comparable_group)
left join mart.drawn_lines as d
    on d.comparable_group = s.comparable_group and d.openness = s.openness
    and d.population = 'official' and d.era = 'all' and d.form = 'total'
left join mart.drawn_lines as a
    on a.comparable_group = s.comparable_group and a.openness = s.openness
    and a.population = 'official' and a.era = 'all' and a.form = 'active'
order by s.comparable_group, 3
