-- The gap on the last day on which both sides can be compared, the tolerance of a match, and what later releases of a side reach
-- Official models alone: community fine-tunes and merges are left out. lo and hi: the gap by other choices among several scores of a
-- model.
with protocols as (

    select
        comparable_group,
        any_value(printf('%d-shot%s', n_shot, case when variant_id like '%_cot' then ' CoT' else '' end)) as protocol
    from core.benchmarks
    group by all

),

-- Each side may go on alone after that day.
later as (

    select
        comparable_group,
        openness,
        arg_max(f.model, (f.score_pct, f.model)) || ': ' || round(max(f.score_pct), 1) as best_pct
    from mart.gap_frontier as f
    join mart.gap_sides as s using (population, comparable_group)
    where population = 'official' and f.reached_on > s.compared_on
    group by all

)

select
    p.comparable_group,
    p.compared_on,
    round(-p.difference_pct, 1) as gap_pct,
    round(-p.difference_hi_pct, 1) as lo_pct,
    round(-p.difference_lo_pct, 1) as hi_pct,
    round(p.tolerance_pct, 1) as tolerance_pct,
    p.open_model || ': ' || round(p.open_score_pct, 1) as best_open_pct,
    p.proprietary_model || ': ' || round(p.proprietary_score_pct, 1) as best_proprietary_pct,
    o.best_pct as later_best_open_pct,
    c.best_pct as later_best_proprietary_pct,
    p.is_current,
    coalesce(nullif(regexp_extract(g.display_name, 'measured by (.+)', 1), ''), 'several') as measured_by,
    case when g.caveats like 'mixed_protocols%' then 'mixed' else coalesce(r.protocol, 'not stated') end as protocol,
    p.open_newest_model || ', ' || p.open_newest_on as newest_open,
    p.proprietary_newest_model || ', ' || p.proprietary_newest_on as newest_proprietary
from mart.parity as p
join core.comparable_groups as g using (comparable_group)
join protocols as r using (comparable_group)
left join later as o on o.comparable_group = p.comparable_group and o.openness = 'open_weights'
left join later as c on c.comparable_group = p.comparable_group and c.openness = 'proprietary'
where p.population = 'official' and p.difference_pct is not null
order by p.is_headline desc, p.comparable_group
