-- The gap on the last day on which both sides can be compared, its range by choice of scores, the tolerance of a match, and the newest models
with protocols as (

    select
        comparable_group,
        any_value(printf('%d-shot%s', n_shot, case when variant_id like '%_cot' then ' CoT' else '' end)) as protocol
    from core.benchmarks
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
    p.is_current,
    coalesce(nullif(regexp_extract(g.display_name, 'measured by (.+)', 1), ''), 'several') as measured_by,
    case when g.caveats like 'mixed_protocols%' then 'mixed' else coalesce(r.protocol, 'not stated') end as protocol,
    p.open_newest_model || ', ' || p.open_newest_on as newest_open,
    p.proprietary_newest_model || ', ' || p.proprietary_newest_on as newest_proprietary
from mart.parity as p
join core.comparable_groups as g using (comparable_group)
join protocols as r using (comparable_group)
where p.population = 'official' and p.difference_pct is not null
order by p.is_headline desc, p.comparable_group
