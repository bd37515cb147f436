-- How many models each side of each group has, and how many of them have a size: what model_scaling.csv can show.
-- The official models, one row per comparable group and side. A side with few sized models is thin, not low.
-- columns:
--   comparable_group: Variants that may be compared
--   benchmark: Benchmark id
--   openness: Open or Proprietary
--   n_scored: Models with a score
--   n_sized: Of these, with a published or known size
--   newest_sized_on: Release date of the newest of these; blank: none is dated
select
    comparable_group,
    any_value(benchmark) as benchmark,
    case openness when 'open_weights' then 'Open' else 'Proprietary' end as openness,
    count(*) as n_scored,
    count(params_b) as n_sized,
    max(released_on) filter (where params_b is not null) as newest_sized_on
from mart.model_scaling
where population = 'official' and openness in ('open_weights', 'proprietary')
group by all
order by comparable_group, openness
