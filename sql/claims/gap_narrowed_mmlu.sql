-- share of the MMLU gap of June 2023, in log-odds, that had closed by the last month observed
with months as (

    select month, gap_pct, gap_log_odds
    from mart.gap_monthly
    where population = 'official' and comparable_group = 'mmlu_reported' and month >= date '2023-06-01'

),

ends as (

    select
        arg_min(gap_pct, month) as first_pct,
        arg_max(gap_pct, month) as last_pct,
        arg_min(gap_log_odds, month) as first_log_odds,
        arg_max(gap_log_odds, month) as last_log_odds,
        max(month) as last_month,
        count(*) as n
    from months
    having count(*) > 1

)

select
    1 - last_log_odds / first_log_odds as computed_value,
    n,
    last_day(last_month) as observed_through_on,
    printf(
        'gap %.1f points in mid 2023, %.1f in %s; in log-odds %.2f and %.2f',
        first_pct, last_pct, strftime(last_month, '%Y-%m'), first_log_odds, last_log_odds
    ) as evidence
from ends
where first_log_odds > 0
