-- Lineage: the longest lines of descent, from each model up to the base from which all was made
select
    l.model_id,
    l.depth as steps,
    l.ancestor_id as root,
    string_agg(u.ancestor_id, ' <- ' order by u.depth) as line
from mart.lineage as l
join mart.lineage as u on u.model_id = l.model_id and u.depth <= l.depth
where l.is_root and l.depth > 0
group by all
order by steps desc, l.model_id
