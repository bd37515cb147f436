-- check: an alias of policy to a model without a vendor, which no source names and no reference lists
-- severity: warn
-- A table that was not read yet may be the one that names it: judged once both leaderboards' tables are there.
select a.source_id, a.source_name, a.model_id
from core.model_aliases as a
join core.models as m using (model_id)
where a.method = 'alias'
    and not m.is_official
    and a.model_id not in (select model_id from core.model_aliases where method <> 'alias')
    and not exists (
        from core.sources
        where submissions = 'table_row'
            and source_id not in (select source_id from history.models where valid_to is null)
    )
