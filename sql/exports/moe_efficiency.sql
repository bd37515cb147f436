-- Total and active size, MMLU as reported and relative inference cost of dense and mixture-of-experts models.
-- Only official models with both sizes and an MMLU score as reported. The cost is of operations per token, not a price.
-- columns:
--   model: Name for people
--   organization: Owner or vendor
--   openness (Open, Proprietary): Open or Proprietary
--   tuning (base, instruct, other): base, instruct or other; blank: unknown
--   is_moe: Mixture of experts; blank: no source says
--   params_total_b: Total parameters in billions
--   params_active_b: Parameters used per token in billions
--   score_pct: MMLU as reported, percent
--   n_shot: Its in-context examples; blank: not stated
--   inference_cost_relative: Operations per token over those of a dense model of 70 billion
--   released_on: Release date; blank: no evidence
--   model_id: Model
--   license_id: SPDX id of the licence under which anyone may pass the score on; blank: none such is stated
with scored as (

    select distinct model_id from mart.model_scaling where benchmark = 'mmlu' and population = 'official'

),

judged as (

    select
        e.*,
        p.license_id,
        m.model_id as scored_model_id,
        m.openness as side,
        case
            when m.openness not in ('open_weights', 'proprietary') then 'openness not known'
            when m.params_total is null then 'size not known'
            when m.params_active is null then 'active size not known'
            when e.mmlu_reported_pct is null then 'MMLU measured by the leaderboard only, not as reported'
        end as reason
    from scored
    join core.models as m using (model_id)
    left join mart.moe_efficiency as e using (model_id)
    left join mart.model_scaling as p on p.model_id = m.model_id and p.comparable_group = 'mmlu_reported'

)

select
    model,
    organization,
    case openness when 'open_weights' then 'Open' else 'Proprietary' end as openness,
    tuning,
    is_moe,
    params_total_b,
    params_active_b,
    mmlu_reported_pct as score_pct,
    mmlu_reported_n_shot as n_shot,
    inference_cost_relative,
    released_on,
    model_id,
    license_id,
    case when reason is not null then {
        'openness': side,
        'reason': reason,
        'model_id': case when side = 'proprietary' then scored_model_id end
    } end as left_out
from judged
order by openness, params_total_b, model_id
