-- Submissions to the Open LLM Leaderboards by month, counted each way that "submission" can be meant.
-- One row per leaderboard, definition and month with at least one; month is null for those without a date.
-- Definitions: 'requests' are request files (evaluated or not), 'finished_requests' those that ended well, 'table_rows'
-- rows of the published tables (a model at two precisions is two), 'distinct_models' models of the tables, each once, in its
-- first month. 'all' adds both leaderboards; there, a model that was on both counts once.
-- Caveats: over a fifth of v1's rows have the day of a bulk import (policy/import_days.csv), so the counts of September and
-- October 2023 are too high; so do 197 of v2's rows, all of June 2024. A Hub that does not show the requests of a leaderboard leaves its
-- two definitions without rows; where it shows fewer than the table has rows, each of which came from a request, they count
-- what is shown, not what was sent.
-- columns:
--   leaderboard (olb_v1, olb_v2, all): Leaderboard; all: both together
--   definition (requests, finished_requests, table_rows, distinct_models): What is counted, as the view defines it
--   month: First day of the month of submission; null: no date is published
--   submissions: How many in that month
--   n_models: Distinct models among them
--   cumulative: All up to and with this month; null where month is null
--   last_on: Last day of the month with a submission; null where month is null
--   is_partial: Whether the leaderboard's last submission lies in the month and before its last day, so that it is no whole month
create view mart.community_velocity as
with boards as (

    select *, leaderboard as board from core.submissions
    union all
    select *, 'all' from core.submissions

),

counted as (

    select board, 'requests' as definition, model_id, submitted_on from boards where kind = 'request'
    union all
    select board, 'finished_requests', model_id, submitted_on from boards where kind = 'request' and status = 'FINISHED'
    union all
    select board, 'table_rows', model_id, submitted_on from boards where kind = 'table_row'
    union all
    select board, 'distinct_models', model_id, min(submitted_on) from boards where kind = 'table_row' group by all

),

monthly as (

    select
        board as leaderboard,
        definition,
        date_trunc('month', submitted_on)::date as month,
        count(*) as submissions,
        count(distinct model_id) as n_models,
        max(submitted_on) as last_on
    from counted
    group by all

),

final as (

    select
        * exclude (last_on),
        case
            when month is not null
                then sum(submissions) over (
                    partition by leaderboard, definition order by month nulls last rows unbounded preceding
                )::bigint
        end as cumulative,
        last_on,
        coalesce(last_on = max(last_on) over (partition by leaderboard, definition) and last_on < last_day(month), false)
            as is_partial
    from monthly

)

select * from final
