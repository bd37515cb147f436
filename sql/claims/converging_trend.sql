-- log-odds per year by which the monthly MMLU gap changed since January 2023 (least squares); negative: closing
with months as (

    select date_diff('month', date '2023-01-01', month) / 12 as years, month, gap_pct, gap_log_odds
    from mart.gap_monthly
    where population = 'official' and comparable_group = 'mmlu_reported' and month >= date '2023-01-01'

)

select
    regr_slope(gap_log_odds, years) as computed_value,
    count(*) as n,
    last_day(max(month)) as observed_through_on,
    printf(
        '%+.1f points a year; r2 of the line in log-odds %.2f, by half-years %s',
        regr_slope(gap_pct, years), regr_r2(gap_log_odds, years),
        (
            select string_agg(printf('%.2f', half_log_odds), ', ' order by half)
            from (
                select floor(years * 2) as half, avg(gap_log_odds) as half_log_odds from months group by half
            )
        )
    ) as evidence
from months
having count(*) >= 12
