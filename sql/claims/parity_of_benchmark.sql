-- best open minus best proprietary score on one benchmark, points; positive: open leads
select
    difference_pct as computed_value,
    difference_pct - 2 * stderr_difference_pct as lo,
    difference_pct + 2 * stderr_difference_pct as hi,
    n_open + n_proprietary as n,
    compared_on as observed_through_on,
    printf(
        '%s %.1f against %s %.1f (%d open and %d proprietary models): %s, a match being within %.1f points',
        open_model, open_score_pct, proprietary_model, proprietary_score_pct, n_open, n_proprietary, verdict, tolerance_pct
    ) as evidence
from mart.parity
where population = 'official' and comparable_group = $subject and difference_pct is not null
