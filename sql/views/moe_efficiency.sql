-- Size, active size, MMLU and relative inference cost of dense and mixture-of-experts models.
-- One row per model of the population 'official' with a known active size and an MMLU score.
-- Inference cost is compute, 2 x active parameters per token (Kaplan et al. 2020, https://arxiv.org/abs/2001.08361,
-- section 2.1), relative to a dense model of 70 billion. A ratio of operations is not a price: memory for the total
-- parameters, batch size and bandwidth decide that. MMLU of several protocols has two columns, never one. The
-- dense equivalent is that of MMLU as reported, by our own fit: see mart.dense_equivalent, also for other benchmarks.
-- columns:
--   model_id: = core.models
--   model: = core.models.display_name
--   organization: = core.models
--   openness: = core.models
--   tuning: = core.models
--   is_moe: = core.models
--   params_total_b: Total parameters in billions
--   params_active_b: = mart.model_scaling
--   params_method: = core.models
--   active_share: params_active_b over params_total_b, 0 to 1
--   inference_cost_relative: Operations per token over those of a dense 70B model
--   mmlu_reported_pct: MMLU as reported, percent; null: not reported
--   mmlu_reported_n_shot: In-context examples of mmlu_reported_pct; null: not stated
--   mmlu_measured_pct: MMLU as measured by Open LLM Leaderboard v1, percent; null: not measured there
--   dense_equivalent_b: Size of a typical dense open model of its era with the same MMLU, billions; null: see the note
--   dense_equivalent_lo_b: Lower end of the curve's 90 % interval there
--   dense_equivalent_hi_b: Upper end of that interval
--   times_active: dense_equivalent_b over params_active_b; null: see the note
--   curve_r2: = mart.dense_equivalent; where it is small, a typical size says little
--   dense_equivalent_note: Why it is null and what is known instead; null: it is not, or the model has no such score
--   released_on: = core.models
create view mart.moe_efficiency as
with mmlu as (

    select
        model_id,
        max(score_pct) filter (where comparable_group = 'mmlu_reported') as mmlu_reported_pct,
        max(n_shot) filter (where comparable_group = 'mmlu_reported') as mmlu_reported_n_shot,
        max(score_pct) filter (where comparable_group = 'mmlu_measured') as mmlu_measured_pct
    from mart.model_scaling
    where benchmark = 'mmlu' and population = 'official'
    group by model_id

),

final as (

    select
        m.model_id,
        m.display_name as model,
        m.organization,
        m.openness,
        m.tuning,
        m.is_moe,
        m.params_total / 1e9 as params_total_b,
        m.params_active / 1e9 as params_active_b,
        m.params_method,
        m.params_active / m.params_total as active_share,
        m.params_active / 70e9 as inference_cost_relative,
        mmlu.mmlu_reported_pct,
        mmlu.mmlu_reported_n_shot,
        mmlu.mmlu_measured_pct,
        d.equivalent_params_b as dense_equivalent_b,
        d.equivalent_lo_b as dense_equivalent_lo_b,
        d.equivalent_hi_b as dense_equivalent_hi_b,
        d.times_active,
        d.curve_r2,
        nullif(
            concat_ws('; ', d.reason, 'at least ' || round(d.at_least_b, 1) || 'B', 'at most ' || round(d.at_most_b, 1) || 'B'),
            ''
        ) as dense_equivalent_note,
        m.released_on
    from mmlu
    join core.models as m using (model_id)
    left join mart.dense_equivalent as d on d.model_id = m.model_id and d.comparable_group = 'mmlu_reported'
    where m.params_active is not null and m.params_total is not null

)

select * from final
