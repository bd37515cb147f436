-- Velocity of the community, not of scores: submissions to both leaderboards by quarter, counted in each of the ways that mart.community_velocity defines
select
    date_trunc('quarter', month)::date as quarter,
    definition,
    sum(submissions)::integer as submissions,
    bool_or(is_partial) as is_partial
from mart.community_velocity
where leaderboard = 'all' and month is not null
group by all
order by quarter, definition
