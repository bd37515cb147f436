-- What a chart of score against size can and cannot show
select
    g.display_name,
    case c.openness when 'open_weights' then 'Open' when 'proprietary' then 'Proprietary' else c.openness end as side,
    c.n_scored,
    c.n_with_params,
    c.n_with_date,
    c.n_plottable,
    c.newest_with_params_on,
    nullif(c.missing, '') as missing
from mart.coverage as c
join core.comparable_groups as g using (comparable_group)
order by g.is_headline desc, g.display_name, side
