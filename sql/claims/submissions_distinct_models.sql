-- distinct models of both leaderboard tables
select
    nullif(sum(submissions), 0) as computed_value,
    sum(submissions)::bigint as n,
    last_day(max(month)) as observed_through_on
from mart.community_velocity
where leaderboard = 'all' and definition = 'distinct_models'
