-- The populations for which gaps, fits and parity are computed: which models take part in each.
-- One row per population and model. 'official' is the default: releases of organizations in policy/official_organizations
-- and proprietary models, unmerged, unflagged; a query of a view that has the column population filters on it.
-- 'official_base' is its base models, on both sides. 'fine_tune', 'merge' and 'flagged' set open models of that kind alone
-- against the proprietary models of 'official'; 'flagged' are those that a leaderboard marked, contaminated ones among them.
-- 'unflagged' and 'all' are sums. Models that are no language models (policy/not_language_models) are in none. Caveat: a model counts as merged or flagged only if a source says so.
-- columns:
--   population (official, official_base, fine_tune, merge, flagged, unflagged, all): Which models take part
--   model_id: = core.models
create view mart.populations as
with members as (

    select model_id, openness, population as kind, coalesce(tuning = 'base', false) as is_base
    from core.models
    where population <> 'not_language'

),

final as (

    select 'official' as population, model_id from members where kind = 'official'
    union all
    select 'official_base', model_id from members where kind = 'official' and is_base
    union all
    select 'fine_tune', model_id from members where kind = 'fine_tune' or (kind = 'official' and openness = 'proprietary')
    union all
    select 'merge', model_id from members where kind = 'merge' or (kind = 'official' and openness = 'proprietary')
    union all
    select 'flagged', model_id from members where kind = 'flagged' or (kind = 'official' and openness = 'proprietary')
    union all
    select 'unflagged', model_id from members where kind <> 'flagged'
    union all
    select 'all', model_id from members

)

select * from final
