-- What stands at the foot of the charts: the day of the state, the newest release of each side, sources and licences.
-- One row per comparable group, one for all headline groups together, and one each for the figures of submissions and licences.
-- columns:
--   subject: Comparable group, headlines, or the figure's name
--   group_name: Name of the group for people; blank: not a group
--   foot: The foot of a figure, as sentences
--   as_of_on: Day of the state
--   is_sample: Whether the data are the bundled sample
--   open_newest_model: Newest scored open model; blank: there is none
--   open_newest_on: Its release date
--   proprietary_newest_model: Newest scored proprietary model; blank: there is none
--   proprietary_newest_on: Its release date
--   sources: Sources, with the models that each gave and the licence of its data
select
    subject,
    title as group_name,
    foot,
    as_of_on,
    is_sample,
    open_newest_model,
    open_newest_on,
    proprietary_newest_model,
    proprietary_newest_on,
    sources
from mart.figure_notes
order by subject
