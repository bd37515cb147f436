-- share of the headline benchmarks with models on both sides through 2026 on which open matches or exceeds, 0-1
select
    avg((verdict in ('matches', 'exceeds'))::int) filter (where compared_on >= date '2026-01-01') as computed_value,
    count(*) filter (where compared_on >= date '2026-01-01') as n,
    max(compared_on) as observed_through_on,
    'the last day that both sides could be observed is ' || max(compared_on) as evidence
from mart.parity
where population = 'official' and is_headline and verdict <> 'not_measurable'
