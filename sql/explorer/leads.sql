-- Who leads, and by how much: the rows of mart.gap_daily on which the best of a side changes. Of any day between two rows, and
-- through compared_on, the earlier row holds.
with days as (

    select
        *,
        lag({ 'open': open_model_id, 'open_pct': open_pct, 'proprietary': proprietary_model_id, 'proprietary_pct': proprietary_pct })
            over (partition by population, comparable_group order by day) as before
    from mart.gap_daily

)

select
    days.population,
    comparable_group,
    day,
    compared_on,
    leader,
    leads_since_on,
    open_model_id,
    o.display_name as open_model,
    open_pct,
    proprietary_model_id,
    p.display_name as proprietary_model,
    proprietary_pct,
    gap_pct
from days
join core.models as o on o.model_id = days.open_model_id
join core.models as p on p.model_id = days.proprietary_model_id
where before is distinct from {
    'open': open_model_id, 'open_pct': open_pct, 'proprietary': proprietary_model_id, 'proprietary_pct': proprietary_pct
}
order by days.population, comparable_group, day
