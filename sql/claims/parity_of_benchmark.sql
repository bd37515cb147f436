-- best open minus best proprietary score on one benchmark, points; positive: open leads
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
        ) as told
    from judged as b
    join judged as j on j.benchmark_id = b.benchmark_id and j.comparable_group <> b.comparable_group
    where j.comparable_group = $subject

)

select
    difference_pct as computed_value,
    difference_pct - 2 * stderr_difference_pct as lo,
    difference_pct + 2 * stderr_difference_pct as hi,
    n_open + n_proprietary as n,
    compared_on as observed_through_on,
    printf(
        '%s %.1f against %s %.1f (%d open and %d proprietary models): open %s, a match being within %.1f points',
        open_model, open_score_pct, proprietary_model, proprietary_score_pct, n_open, n_proprietary, verdict, tolerance_pct
    ) || coalesce((select told from beside), '') as evidence
from judged
where comparable_group = $subject
