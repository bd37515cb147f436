-- Submissions to the Open LLM Leaderboards by month, counted each way that "submission" can be meant.
-- One row per leaderboard, definition and month with at least one. The definitions are described with
-- mart.community_velocity; over a fifth of v1's rows, and 197 of v2's, have the day of a bulk import (policy/import_days.csv).
-- columns:
--   run_name: Leaderboard and definition, one line of a chart
--   submission_year: First day of the month as a decimal year
--   cumulative: All up to and with this month
--   submissions: How many in this month
--   n_models: Distinct models among them
--   month: First day of the month
--   leaderboard (olb_v1, olb_v2, all): olb_v1, olb_v2 or all
--   definition (requests, finished_requests, table_rows, distinct_models): requests, finished_requests, table_rows or distinct_models
--   last_on: Last day of the month with a submission
--   is_partial: Whether the leaderboard's submissions end within the month, so that it is no whole month
select
    case leaderboard
        when 'olb_v1' then 'Leaderboard v1'
        when 'olb_v2' then 'Leaderboard v2'
        when 'all' then 'Both leaderboards'
    end || ', ' || replace(definition, '_', ' ') as run_name,
    mart.decimal_year(month) as submission_year,
    cumulative,
    submissions,
    n_models,
    month,
    leaderboard,
    definition,
    last_on,
    is_partial,
    case when month is null then {
        'leaderboard': leaderboard,
        'definition': definition,
        'reason': 'no date published',
        'n': submissions
    } end as left_out
from mart.community_velocity
order by run_name, month
