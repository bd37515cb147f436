-- share of the measurable headline benchmarks on which the best open model matches or exceeds the best proprietary one, 0-1
select
    m.n_match_or_exceed / nullif(m.n_measurable, 0) as computed_value,
    m.n_measurable as n,
    p.observed_through_on,
    p.evidence
from mart.parity_majority as m
cross join (
    select
        max(compared_on) as observed_through_on,
        string_agg(
            printf('%s: open %s (%+.1f points)', comparable_group, verdict, difference_pct), '; '
            order by comparable_group
        ) as evidence
    from mart.parity
    where population = 'official' and is_headline and difference_pct is not null
) as p
where m.population = 'official'
