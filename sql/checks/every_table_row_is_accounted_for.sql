-- check: a row of a leaderboard table that is neither in history nor in quarantine
-- severity: error
-- Counted over the files that the source's last load with news read: all of them where policy was new, else those in folders in
-- which something changed.
with latest as (

    select source_id, load_id, source_rows
    from ops.load_sources
    where source_id in (select source_id from core.sources where submissions = 'table_row')
        and (source_rows > 0 or files_changed > 0 or files_gone > 0)
    qualify row_number() over (partition by source_id order by load_id desc) = 1

),

policy_loads as (

    select load_id
    from history.policy_files
    union
    select closed_load_id
    from history.policy_files
    where closed_load_id is not null

),

placed as not materialized (

    select source_id, repo_id, path, regexp_replace(path, '[^/]*$', '') as folder, first_load_id, last_load_id
    from raw.files

),

folders_changed as (

    select distinct p.source_id, p.repo_id, p.folder
    from latest as l
    join placed as p
        on p.source_id = l.source_id
        and l.load_id in (p.first_load_id, p.last_load_id)

),

files_read as (

    select p.source_id, p.repo_id, p.path
    from latest as l
    join placed as p using (source_id)
    left join folders_changed as c using (source_id, repo_id, folder)
    where p.last_load_id is null
        and (c.folder is not null or l.load_id in (from policy_loads))

),

held as (

    select source_id, count(*) as n_models
    from history.models
    semi join files_read using (source_id, repo_id, path)
    where valid_to is null
    group by all

),

refused as (

    select source_id, count(*) as n_models
    from ops.quarantine
    semi join files_read using (source_id, repo_id, path)
    where valid_to is null and target = 'models'
    group by all

)

select source_id, source_rows, coalesce(n_held, 0) as rows_held, coalesce(n_refused, 0) as rows_refused
from latest
left join (select source_id, n_models as n_held from held) using (source_id)
left join (select source_id, n_models as n_refused from refused) using (source_id)
where source_rows <> coalesce(n_held, 0) + coalesce(n_refused, 0)
