-- check: a row of a leaderboard table that is neither in history nor in quarantine
-- severity: error
with latest as (
    select source_id, source_rows, load_id
    from ops.load_sources
    where source_id in ('olb_v1_contents', 'olb_v2_contents') and source_rows > 0
    qualify row_number() over (partition by source_id order by load_id desc) = 1
),

held as (
    select source_id, count(*) as n_models
    from history.models
    where valid_to is null
    group by all
),

refused as (
    select source_id, count(*) as n_models
    from ops.quarantine
    where valid_to is null and target = 'models'
    group by all
)

select latest.source_id, source_rows, held.n_models as rows_held, coalesce(refused.n_models, 0) as rows_refused
from latest
left join held using (source_id)
left join refused using (source_id)
where source_rows <> coalesce(held.n_models, 0) + coalesce(refused.n_models, 0)
