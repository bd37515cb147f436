-- Through when each side of a group is observed, and on which day the two can be compared.
-- One row per population and comparable group with a dated and scored model of either side: filter on population, 'official'
-- by default (see mart.populations). Whether that day is current, as of the day of the state, is said by mart.parity.
-- columns:
--   population: = mart.populations
--   comparable_group: = core.benchmarks
--   open_newest_model_id: Newest scored open model; of several of a day the first by id; null: there is none
--   open_newest_model: Its name for people
--   open_newest_on: Its release date
--   open_grace_days: Days for which the silence of the open side is still its usual pace (mart.gap_running)
--   observed_through_open_on: Last date on which a new open model would have been seen
--   proprietary_newest_model_id: Newest scored proprietary model; null: there is none
--   proprietary_newest_model: Its name for people
--   proprietary_newest_on: Its release date
--   proprietary_grace_days: Days for which the silence of the proprietary side is still its usual pace
--   observed_through_proprietary_on: Last date on which a new proprietary model would have been seen
--   compared_on: The earlier of the two release dates; null: a side is missing
--   is_alive_together: Whether the side that is behind has been silent for no longer than its grace when the other's newest model came; null: a side is missing
create view mart.gap_sides as
with sides as (

    select population, comparable_group, openness, any_value(r) as r
    from mart.gap_running as r
    group by all

),

paired as (

    select
        population,
        comparable_group,
        any_value(r) filter (where openness = 'open_weights') as open,
        any_value(r) filter (where openness = 'proprietary') as closed
    from sides
    group by all

),

final as (

    select
        population,
        comparable_group,
        open.newest.model_id as open_newest_model_id,
        open.newest.model as open_newest_model,
        open.newest_on as open_newest_on,
        open.grace_days as open_grace_days,
        open.observed_through_on as observed_through_open_on,
        closed.newest.model_id as proprietary_newest_model_id,
        closed.newest.model as proprietary_newest_model,
        closed.newest_on as proprietary_newest_on,
        closed.grace_days as proprietary_grace_days,
        closed.observed_through_on as observed_through_proprietary_on,
        case when open is not null and closed is not null then least(open.newest_on, closed.newest_on) end as compared_on,
        case
            when open is null or closed is null then null
            when open.newest_on < closed.newest_on then closed.newest_on - open.newest_on <= open.grace_days
            else open.newest_on - closed.newest_on <= closed.grace_days
        end as is_alive_together
    from paired

)

select * from final
