-- Score against size, one row per model and comparable group: the points of the article's chart, open models first.
-- Only the population 'official', and only models with a published size: see what is left out, and how much, beside it.
-- Caveats: *_reported groups mix protocols; compare within one comparable_group only.
-- columns:
--   model: Name for people
--   organization: Owner or vendor
--   openness (Open, Proprietary): Open or Proprietary
--   benchmark: Benchmark id
--   variant: Benchmark variant of the score
--   score_pct: Score, percent
--   params_b: Parameters in billions, as params_kind counts them
--   params_kind (total): What params_b counts: always total here
--   params_method: How the size was had; override: it is set in policy/parameter_overrides.csv
--   is_moe: Mixture of experts; blank: no source says
--   released_on: Release date by the best evidence; blank: none
--   release_year: Release date as a decimal year; blank: no evidence
--   score_source: Source, repository, commit, file and place of the score
--   source_url: Link to the score's file or recorded source
--   reported_by: Who says so: leaderboard, community, vendor_*, arena or reference
--   comparable_group: Variants that may be compared
--   tuning (base, instruct, other): base, instruct or other; blank: unknown
--   n_shot: In-context examples; blank: not stated
--   released_on_method (reference, hub_upload, hub_created, leaderboard_submission, first_score): Evidence for the date: reference, hub_upload, hub_created, leaderboard_submission, which may be months later, or first_score, where a table had a score before the day that these say; blank: none
--   model_id: Model
--   setting: Reasoning effort, thinking budget or tools; n/a: not stated
--   n_values: Scores of the model in this group that the one was chosen from
--   lo_pct: Least of them, percent
--   hi_pct: Greatest of them, percent
--   reporter: Who gives the score, for people
--   protocol: Protocol in the words of the source; blank: not stated
--   self_reported: self-reported by the vendor, measured by others, or not stated
--   chosen_because: What decided which of the n_values stands here
--   params_active_b: Parameters used per token in billions; blank: not known
--   is_record: Whether it set the best score of its side when it came out
--   license_id: SPDX id of the licence under which anyone may pass the score on; blank: none such is stated
with sides as (

    select comparable_group, openness, count(*) as n_scored, count(params_b) as n_sized
    from mart.model_scaling
    where population = 'official'
    group by all

),

records as (

    select comparable_group, model_id, true as is_record from mart.gap_frontier where population = 'official'

),

judged as (

    select
        p.*,
        coalesce(r.is_record, false) as is_record,
        case
            when openness not in ('open_weights', 'proprietary') then 'openness not known'
            when population <> 'official' then 'population ' || population || ': the chart shows official releases'
            when params_b > 0 then null
            when openness = 'proprietary' then 'size not published by the vendor'
            else 'size not known: no evidence that could be used'
        end as reason
    from mart.model_scaling as p
    left join records as r using (comparable_group, model_id)

)

select
    model,
    organization,
    case openness when 'open_weights' then 'Open' else 'Proprietary' end as openness,
    benchmark,
    variant,
    score_pct,
    params_b,
    params_kind,
    params_method,
    is_moe,
    released_on,
    release_year,
    score_source,
    source_url,
    reported_by,
    comparable_group,
    tuning,
    n_shot,
    released_on_method,
    model_id,
    setting,
    n_values,
    lo_pct,
    hi_pct,
    reporter,
    protocol,
    mart.self_reported(is_self_reported) as self_reported,
    chosen_because,
    params_active_b,
    is_record,
    license_id,
    -- The official models are named, others only counted; n_sized of n_scored official ones of the side have a size.
    case when reason is not null then {
        'comparable_group': comparable_group,
        'openness': judged.openness,
        'reason': reason,
        'n_sized': coalesce(n_sized, 0),
        'n_scored': coalesce(n_scored, 0),
        'model_id': case when population = 'official' then model_id end
    } end as left_out
from judged
left join sides using (comparable_group, openness)
order by openness, params_b, benchmark, variant, model_id
