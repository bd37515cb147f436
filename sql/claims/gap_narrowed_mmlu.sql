-- points by which the MMLU gap shrank from June 2023 to the last month observed
with months as (

    select month, gap_pct
    from mart.gap_monthly
    where population = 'official' and comparable_group = 'mmlu_reported' and gap_pct is not null

),

ends as (

    select
        (select gap_pct from months where month >= date '2023-06-01' order by month limit 1) as first_pct,
        (select gap_pct from months order by month desc limit 1) as last_pct,
        (select max(month) from months) as last_month,
        (select count(*) from months) as n

)

select
    first_pct - last_pct as computed_value, last_pct as lo, first_pct as hi, n, last_month as observed_through_on,
    printf('gap %.1f points in mid 2023, %.1f at the end', first_pct, last_pct) as evidence
from ends
