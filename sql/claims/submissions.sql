-- submissions to both leaderboards, counted in one of the ways that the word can be meant
select
    sum(submissions) filter (where leaderboard = 'all') as computed_value,
    sum(submissions) filter (where leaderboard = 'all')::bigint as n,
    last_day(max(month)) as observed_through_on,
    printf(
        'v1 %d, v2 %d; the 10,000th on record in %s',
        sum(submissions) filter (where leaderboard = 'olb_v1')::bigint,
        sum(submissions) filter (where leaderboard = 'olb_v2')::bigint,
        coalesce(strftime(min(month) filter (where leaderboard = 'all' and cumulative > 10000), '%Y-%m'), 'no month')
    ) as evidence
from mart.community_velocity
where definition = $subject
having count(*) > 0
