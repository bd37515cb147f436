-- check: an alias of policy that leads to a model of no vendor, which no source names and no reference lists
-- severity: warn
-- A table that was not read yet may be the one that names it: judged once both leaderboards' tables are there.
select a.source_id, a.source_name, a.model_id
from core.model_aliases as a
join core.models as m using (model_id)
where a.method = 'alias'
    and not m.is_official
    and a.model_id not in (select model_id from core.model_aliases where method <> 'alias')
    and (
        select count(distinct source_id) = 2
        from history.models
        where source_id in ('olb_v1_contents', 'olb_v2_contents') and valid_to is null
    )
