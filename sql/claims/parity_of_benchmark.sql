-- best open minus best proprietary score on one benchmark, points; positive: open leads; lo and hi: least and greatest over each model's least, median or greatest score
with judged as (

    select p.*, g.benchmark_id, g.display_name
    from mart.parity as p
    join core.comparable_groups as g using (comparable_group)
    where p.population = 'official' and p.difference_pct is not null

),

-- What must not be compared with it, but is of the same benchmark: GPQA whose source does not name the subset.
beside as (

    select
        string_agg(
            printf('; beside it %s: %s %.1f against %s %.1f', b.display_name, b.open_model, b.open_score_pct, b.proprietary_model, b.proprietary_score_pct),
            '' order by b.comparable_group
        ) as others
    from judged as b
    join judged as j on j.benchmark_id = b.benchmark_id and j.comparable_group <> b.comparable_group
    where j.comparable_group = $subject

)

select
    case when is_current then difference_pct end as computed_value,
    difference_lo_pct as lo,
    difference_hi_pct as hi,
    n_open + n_proprietary as n,
    compared_on as observed_through_on,
    case when is_current then '' else 'not measurable now; ' end
    || printf(
        'on %s %s %.1f against %s %.1f (%d open and %d proprietary models): open %s, %+.1f points (%+.1f to %+.1f by choice of scores), a match being within %.1f',
        compared_on, open_model, open_score_pct, proprietary_model, proprietary_score_pct, n_open, n_proprietary, verdict,
        difference_pct, difference_lo_pct, difference_hi_pct, tolerance_pct
    )
    || printf(
        '; newest with a score: %s of %s, open, and %s of %s, proprietary',
        open_newest_model, open_newest_on, proprietary_newest_model, proprietary_newest_on
    )
    || coalesce((select others from beside), '') as evidence,
    -- A wider tolerance is as good as a better score.
    (
        select list(s.difference_pct + s.tolerance_pct - g.match_tolerance_pct)
        from mart.parity_sensitivity as s
        join core.comparable_groups as g using (comparable_group)
        where s.population = 'official' and s.comparable_group = $subject
    ) as choices
from judged
where comparable_group = $subject
