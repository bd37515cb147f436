-- share of the current headline groups on which the best open model matches or exceeds the best proprietary one, 0-1; lo and hi: least and greatest under other choices of each model's score and tolerances from 0 to 3 points
with judged as (

    select p.*, g.benchmark_id
    from mart.parity as p
    join core.comparable_groups as g using (comparable_group)
    where p.population = 'official' and p.is_headline and p.difference_pct is not null

),

tried as (

    select
        s.chosen_value,
        s.tolerance_pct,
        avg(s.is_match_or_exceed::int) filter (where j.is_current) as share_now,
        count(*) filter (where s.is_match_or_exceed) as n_matching
    from mart.parity_sensitivity as s
    join judged as j using (population, comparable_group)
    group by all

),

-- Tolerances at which one more benchmark matches.
steps as (

    select tolerance_pct, n_matching
    from tried
    where chosen_value = 'chosen'
    qualify n_matching is distinct from lag(n_matching) over (order by tolerance_pct)

),

counted as (

    select
        avg((verdict in ('matches', 'exceeds'))::int) filter (where is_current) as share_now,
        count(*) filter (where is_current) as n_current,
        count(*) as n_measurable,
        count(distinct benchmark_id) as n_benchmarks,
        coalesce(max(compared_on) filter (where is_current), max(compared_on)) as observed_through_on,
        string_agg(
            printf(
                '%s: open %s on %s (%+.1f points, %+.1f to %+.1f by choice of scores%s%s)', comparable_group, verdict, compared_on,
                difference_pct, difference_lo_pct, difference_hi_pct,
                if(tolerance_source = 'two_standard_errors', printf('; two standard errors are %.1f', tolerance_pct), ''),
                if(is_current, '', '; not measurable now')
            ),
            '; ' order by comparable_group
        ) as each_day
    from judged

)

select
    share_now as computed_value,
    (select min(share_now) from tried) as lo,
    (select max(share_now) from tried) as hi,
    n_current as n,
    observed_through_on,
    printf(
        '%d of %d headline groups are current (benchmarks: %d); open matches or exceeds, each on its own last day: ',
        n_current, n_measurable, n_benchmarks
    )
    || (
        select
            string_agg(
                printf(
                    'on %d of %d within %s', n_matching, c.n_measurable,
                    if(tolerance_pct = 0, 'two standard errors alone', printf('two standard errors or %g points', tolerance_pct))
                ),
                ', ' order by tolerance_pct
            )
        from steps
    )
    || '; ' || each_day as evidence,
    (select list(share_now) filter (where share_now is not null) from tried) as choices
from counted as c
where n_measurable > 0
