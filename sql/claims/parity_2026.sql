-- share of the headline benchmarks with models on both sides through 2026 on which open matches or exceeds, 0-1
select
    avg((verdict in ('matches', 'exceeds'))::int) as computed_value,
    count(*) as n,
    max(compared_on) as observed_through_on
from mart.parity
where population = 'official' and is_headline and verdict <> 'not_measurable' and compared_on >= date '2026-01-01'
