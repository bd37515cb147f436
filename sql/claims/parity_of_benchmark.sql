-- best open minus best proprietary score on one benchmark, points; positive: open leads; lo and hi: least and greatest over each model's least, median or greatest score
with judged as (

    select p.*, g.display_name
    from mart.parity as p
    join core.comparable_groups as g using (comparable_group)
    where p.population = 'official' and p.difference_pct is not null and $subject in (g.benchmark_id, g.comparable_group)

),

-- Of several headline groups the one that reaches furthest, then the one with most models.
told as (

    select *
    from judged
    qualify row_number() over (
        order by is_headline desc, is_current desc, compared_on desc, n_open + n_proprietary desc, comparable_group
    ) = 1

),

-- What must not be compared with it, but is of the same benchmark: another evaluator, another subset, several protocols.
beside as (

    select
        string_agg(
            printf(
                '; beside it %s: %s %.1f against %s %.1f on %s', b.display_name, b.open_model, b.open_score_pct, b.proprietary_model,
                b.proprietary_score_pct, b.compared_on
            ),
            '' order by b.comparable_group
        ) as others
    from judged as b
    anti join told using (comparable_group)

),

-- A wider tolerance is as good as a better score; what other evaluators of the same day find counts as another choice.
tried as (

    select
        list(
            s.difference_pct + greatest(s.tolerance_pct, coalesce(2 * j.stderr_difference_pct, 0)) - t.tolerance_pct
            order by j.comparable_group, s.chosen_value, s.tolerance_pct
        ) as choices
    from mart.parity_sensitivity as s
    join judged as j using (population, comparable_group)
    cross join told as t
    where j.is_headline and j.is_current = t.is_current

)

select
    case when is_current then difference_pct end as computed_value,
    difference_lo_pct as lo,
    difference_hi_pct as hi,
    n_open + n_proprietary as n,
    compared_on as observed_through_on,
    tolerance_pct as within,
    case when is_current then '' else 'not measurable now; ' end
    || printf(
        '%s: on %s %s %.1f against %s %.1f (%d open and %d proprietary models): open %s, %+.1f points (%+.1f to %+.1f by choice of scores), a match being within %.1f%s',
        display_name, compared_on, open_model, open_score_pct, proprietary_model, proprietary_score_pct, n_open, n_proprietary,
        verdict, difference_pct, difference_lo_pct, difference_hi_pct, tolerance_pct,
        if(tolerance_source = 'two_standard_errors', ', two standard errors', '')
    )
    || printf(
        '; newest with a score: %s of %s, open, and %s of %s, proprietary',
        open_newest_model, open_newest_on, proprietary_newest_model, proprietary_newest_on
    )
    || coalesce((select others from beside), '') as evidence,
    (select choices from tried) as choices
from told
