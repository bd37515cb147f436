-- share of the MMLU gap of June 2023 that had closed by the last month observed, in log-odds; lo and hi: with any month of 2023 as the start, in either unit
with months as (

    select month, compared_on, gap_pct, gap_log_odds
    from mart.gap_monthly
    where population = 'official' and comparable_group = 'mmlu_reported' and month >= date '2023-01-01'

),

ends as (

    select
        arg_min(gap_pct, month) filter (where month >= date '2023-06-01') as first_pct,
        arg_max(gap_pct, month) as last_pct,
        arg_min(gap_log_odds, month) filter (where month >= date '2023-06-01') as first_log_odds,
        arg_max(gap_log_odds, month) as last_log_odds,
        -- The gap was above zero all the year: the least start has closed least.
        min(gap_log_odds) filter (where month < date '2024-01-01') as least_log_odds,
        max(gap_log_odds) filter (where month < date '2024-01-01') as greatest_log_odds,
        min(gap_pct) filter (where month < date '2024-01-01') as least_pct,
        max(gap_pct) filter (where month < date '2024-01-01') as greatest_pct,
        max(compared_on) as compared_on,
        count(*) filter (where month >= date '2023-06-01') as n
    from months
    having n > 1

)

select
    1 - last_log_odds / first_log_odds as computed_value,
    least(1 - last_log_odds / least_log_odds, 1 - last_pct / least_pct) as lo,
    greatest(1 - last_log_odds / greatest_log_odds, 1 - last_pct / greatest_pct) as hi,
    n,
    compared_on as observed_through_on,
    -- Which unit is right is a choice: where it decides, the verdict depends.
    [1 - last_log_odds / first_log_odds, 1 - last_pct / first_pct] as choices,
    printf(
        'gap %.1f points in mid 2023, %.1f on %s: %.2f of it closed; in log-odds %.2f and %.2f: %.2f of it closed',
        first_pct, last_pct, compared_on, 1 - last_pct / first_pct,
        first_log_odds, last_log_odds, 1 - last_log_odds / first_log_odds
    ) as evidence
from ends
where least_log_odds > 0
