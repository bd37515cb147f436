-- Submissions that community_velocity.csv does not count, for no date of theirs is published.
select leaderboard, definition, 'no date published' as reason, submissions as n
from mart.community_velocity
where month is null
order by leaderboard, definition
