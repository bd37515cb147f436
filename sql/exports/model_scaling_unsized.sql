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
--   release_year: Release date as a decimal year; blank: no evidence
--   n_shot: In-context examples; blank: not stated
--   n_values: Scores of the model in this group that the one was chosen from
--   lo_pct: Least of them, percent
--   hi_pct: Greatest of them, percent
--   reporter: Who gives the score, for people
--   protocol: Protocol in the words of the source; blank: not stated
--   self_reported: self-reported by the vendor, measured by others, or not stated
--   chosen_because: What decided which of the n_values stands here
--   is_record: Whether it set the best score of its side when it came out
--   license_id: SPDX id of the licence under which anyone may pass the score on; blank: none such is stated
with records as (

    select comparable_group, model_id, true as is_record from mart.gap_frontier where population = 'official'

)

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
    setting,
    release_year,
    n_shot,
    n_values,
    lo_pct,
    hi_pct,
    reporter,
    protocol,
    mart.self_reported(is_self_reported) as self_reported,
    chosen_because,
    coalesce(is_record, false) as is_record,
    license_id
from mart.model_scaling
left join records using (comparable_group, model_id)
where population = 'official' and openness in ('open_weights', 'proprietary') and params_b is null
order by comparable_group, 3, score_pct desc, model_id
