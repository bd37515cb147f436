-- The gap on the last day on which both sides can be compared, with its range by choice of scores, official releases only
select
    g.display_name as measured,
    p.compared_on,
    p.is_current,
    p.open_model,
    round(p.open_score_pct, 1) as open_pct,
    p.proprietary_model,
    round(p.proprietary_score_pct, 1) as proprietary_pct,
    round(-p.difference_pct, 1) as gap_pct,
    round(-p.difference_hi_pct, 1) as gap_lo_pct,
    round(-p.difference_lo_pct, 1) as gap_hi_pct,
    p.verdict_now,
    p.open_newest_model,
    p.open_newest_on,
    p.proprietary_newest_model,
    p.proprietary_newest_on,
    g.caveats
from mart.parity as p
join core.comparable_groups as g using (comparable_group)
where p.population = 'official' and p.difference_pct is not null
order by p.is_headline desc, p.comparable_group
