-- The comparable groups that have a charted score, for the choice of a chart, headline groups first; with what stands at the foot
-- of their charts. license_ids of their sources are in scores.sql.
select g.comparable_group, g.display_name, g.is_headline, g.caveats, n.foot
from core.comparable_groups as g
left join mart.figure_notes as n on n.subject = g.comparable_group
where g.comparable_group in (select comparable_group from mart.model_scaling)
order by g.is_headline desc, g.display_name
