-- share of the new open bests on MMLU, by official models, whose licence is an open-source one, 0-1; lo: the same share of all official open models with a known size
with bests as (

    select m.license_class in ('permissive', 'copyleft') as is_open_source, f.model, m.license_class, f.reached_on, f.observed_through_on
    from mart.gap_frontier as f
    join core.models as m using (model_id)
    where f.population = 'official' and f.openness = 'open_weights' and f.comparable_group = 'mmlu_reported'

),

sized as (

    select avg((license_class in ('permissive', 'copyleft'))::int) as share, count(*) as n
    from core.models
    where population = 'official' and openness = 'open_weights' and params_total is not null

)

select
    avg(is_open_source::int) as computed_value,
    any_value(s.share) as lo,
    count(*) as n,
    max(observed_through_on) as observed_through_on,
    printf('%d of %d new bests', count(*) filter (where is_open_source), count(*))
    || coalesce(': ' || string_agg(printf('%s of %s', model, reached_on), '; ' order by reached_on) filter (where is_open_source), '')
    || printf('; of %d official open models with a known size %.2f', any_value(s.n), any_value(s.share)) as evidence
from bests
cross join sized as s
having count(*) > 0
