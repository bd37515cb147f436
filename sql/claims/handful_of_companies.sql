-- organizations whose proprietary models set a new proprietary best on a headline benchmark since 2023
with records as (

    select f.organization, count(*) as n_records, max(f.observed_through_on) as observed_through_on
    from mart.gap_frontier as f
    join core.comparable_groups as g using (comparable_group)
    where f.population = 'official' and g.is_headline and f.openness = 'proprietary' and f.reached_on >= date '2023-01-01'
    group by f.organization

)

select
    count(*) as computed_value,
    sum(n_records)::bigint as n,
    max(observed_through_on) as observed_through_on,
    string_agg(printf('%s %d', organization, n_records), ', ' order by n_records desc, organization)
    || printf(
        '; %d organizations have a proprietary model with a score here',
        (
            select count(distinct organization)
            from core.models
            semi join core.scores using (model_id)
            where openness = 'proprietary'
        )
    ) as evidence
from records
having count(*) > 0
