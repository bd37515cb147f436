-- submissions to both leaderboards, or requests to v2, counted in one of the ways that the word can be meant. Every row of a
-- table came from a request, and both tables are public: a count that a source must exceed says what is missing, not what was sent
with boards as (

    select
        coalesce(sum(submissions) filter (where leaderboard = 'all'), 0)::bigint as n_all,
        coalesce(sum(submissions) filter (where leaderboard = 'olb_v1'), 0)::bigint as n_v1,
        coalesce(sum(submissions) filter (where leaderboard = 'olb_v2'), 0)::bigint as n_v2,
        (select coalesce(sum(submissions), 0)::bigint from mart.community_velocity where definition = 'table_rows' and leaderboard = 'olb_v2')
            as n_rows_v2
    from mart.community_velocity
    where definition = $subject

),

counted as (

    select
        if($subject = 'requests', n_v2, n_all) as n,
        if($subject = 'requests', printf('v2 %d', n_v2), printf('v1 %d, v2 %d', n_v1, n_v2)) as counts,
        case
            when $subject = 'requests' and n_v2 < n_rows_v2
                then printf(
                    '%d requests to v2 are here, but its table has %d rows, each of which came from a request: the other %d or more are unknown',
                    n_v2, n_rows_v2, n_rows_v2 - n_v2
                )
            when $subject <> 'requests' and n_all > 0 and least(n_v1, n_v2) = 0
                then printf('v1 %d, v2 %d: the table of one leaderboard is missing', n_v1, n_v2)
        end as why_not
    from boards

),

dated as (

    select max(last_on) as observed_through_on, strftime(min(month) filter (where cumulative > 10000), '%Y-%m') as passed
    from mart.community_velocity
    where definition = $subject and leaderboard = if($subject = 'requests', 'olb_v2', 'all')

)

select
    if(why_not is null, n, null)::double as computed_value,
    n,
    observed_through_on,
    coalesce(why_not, printf('%s; the 10,000th on record in %s', counts, coalesce(passed, 'no month'))) as evidence
from counted, dated
where n > 0 or why_not is not null
