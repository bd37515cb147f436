-- new bests on the headline benchmarks since 2023 by all open models, over those of the busiest single organization with proprietary models
with records as (

    select f.openness, f.organization, count(*) as n_records, max(f.observed_through_on) as observed_through_on
    from mart.gap_frontier as f
    join core.comparable_groups as g using (comparable_group)
    where f.population = 'official' and g.is_headline and f.reached_on >= date '2023-01-01'
    group by all

),

busiest as (

    select organization, n_records
    from records
    where openness = 'proprietary'
    order by n_records desc, organization
    limit 1

)

select
    sum(r.n_records) / any_value(b.n_records) as computed_value,
    sum(r.n_records)::bigint as n,
    max(r.observed_through_on) as observed_through_on,
    printf(
        '%d by %d organizations with open models; %d by %s',
        sum(r.n_records)::bigint, count(*), any_value(b.n_records), any_value(b.organization)
    ) as evidence
from records as r
cross join busiest as b
where r.openness = 'open_weights'
having count(*) > 0
