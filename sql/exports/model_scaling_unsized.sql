-- The scores that model_scaling.csv cannot draw because the model's size is not known, one row per model and comparable group.
-- Only the population 'official'. A chart shows them beside its axis of sizes.
-- columns:
--   model: Name for people
--   organization: Owner or vendor
--   openness (Open, Proprietary): Open or Proprietary
--   benchmark: Benchmark id
--   variant: Benchmark variant of the score
--   score_pct: Score, percent
--   size_reason: Why there is no size
--   released_on: Release date by the best evidence; blank: none
--   score_source: Source, repository, commit, file and place of the score
--   source_url: Link to the score's file or recorded source
--   reported_by: Who says so: leaderboard, community, vendor_*, arena or reference
--   comparable_group: Variants that may be compared
--   model_id: Model
--   setting: Reasoning effort, thinking budget or tools; n/a: not stated
select
    model,
    organization,
    case openness when 'open_weights' then 'Open' else 'Proprietary' end as openness,
    benchmark,
    variant,
    score_pct,
    case openness when 'proprietary' then 'not published by the vendor' else 'not known' end as size_reason,
    released_on,
    score_source,
    source_url,
    reported_by,
    comparable_group,
    model_id,
    setting
from mart.model_scaling
where population = 'official' and openness in ('open_weights', 'proprietary') and params_b is null
order by comparable_group, 3, score_pct desc, model_id
