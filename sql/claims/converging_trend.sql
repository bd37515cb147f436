-- log-odds per year by which the monthly MMLU gap changed since January 2023 (least squares); negative: closing; lo and hi: least and greatest from any start that leaves a year of months
with months as (

    select date_diff('month', date '2023-01-01', month) / 12 as years, month, compared_on, gap_pct, gap_log_odds
    from mart.gap_monthly
    where population = 'official' and comparable_group = 'mmlu_reported' and month >= date '2023-01-01'

),

starts as (

    select s.month, regr_slope(m.gap_log_odds, m.years) as slope
    from months as s
    join months as m on m.month >= s.month
    group by s.month
    having count(*) >= 12

)

select
    regr_slope(gap_log_odds, years) as computed_value,
    (select min(slope) from starts) as lo,
    (select max(slope) from starts) as hi,
    count(*) as n,
    max(compared_on) as observed_through_on,
    printf(
        '%+.1f points a year; r2 of the line in log-odds %.2f, by half-years %s; from %s on the line is %+.2f',
        regr_slope(gap_pct, years), regr_r2(gap_log_odds, years),
        (
            select string_agg(printf('%.2f', half_log_odds), ', ' order by half)
            from (
                select floor(years * 2) as half, avg(gap_log_odds) as half_log_odds from months group by half
            )
        ),
        (select strftime(arg_max(month, slope), '%Y-%m') from starts), (select max(slope) from starts)
    ) as evidence
from months
having count(*) >= 12
