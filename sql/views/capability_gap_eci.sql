-- mart.capability_gap also on the scale of the Epoch Capabilities Index, where Claude 3.5 Sonnet is 130 and GPT-5 is 150
-- (https://github.com/epoch-research/eci-public), to be compared with Epoch's own gaps of 7 points in October 2025
-- (https://epoch.ai/data-insights/open-weights-vs-closed-weights-models) and 8 in May 2026.
-- One row. Caveats: other benchmarks and other models than Epoch's; the scale is fixed as fitted, so the interval is that of
-- the gap alone.
-- columns:
--   compared_on: = mart.capability_gap
--   open_model: Best open model, its name for people; null: there is none
--   proprietary_model: Best proprietary model, its name for people; null: there is none
--   gap_logits: = mart.capability_gap
--   gap_lo_logits: Lower end of its 90 % interval; null: refused or too few draws
--   gap_hi_logits: Upper end of that interval
--   points_per_logit: Points of Epoch's index to a logit of ours; null: one of its two models has no capability here
--   gap_eci_points: gap_logits in points of Epoch's index; null: gap_logits or points_per_logit is null
--   gap_lo_eci_points: Lower end of the 90 % interval of gap_eci_points
--   gap_hi_eci_points: Upper end of that interval
--   n_open: = mart.capability_gap
--   n_proprietary: = mart.capability_gap
--   refusal_reason: Why there is no gap, or no gap in points; null: both exist
create view mart.capability_gap_eci as
with scale as (

    select
        (150 - 130) / nullif(
            max(capability) filter (where model_id = 'openai/gpt-5-2025-08-07')
            - max(capability) filter (where model_id = 'anthropic/claude-3-5-sonnet-20240620'),
            0
        ) as points_per_logit
    from mart.capability_index

),

final as (

    select
        g.compared_on,
        g.open_model,
        g.proprietary_model,
        g.gap_logits,
        g.gap_lo as gap_lo_logits,
        g.gap_hi as gap_hi_logits,
        s.points_per_logit,
        g.gap_logits * s.points_per_logit as gap_eci_points,
        g.gap_lo * s.points_per_logit as gap_lo_eci_points,
        g.gap_hi * s.points_per_logit as gap_hi_eci_points,
        g.n_open,
        g.n_proprietary,
        coalesce(
            g.refusal_reason,
            case when s.points_per_logit is null then 'no points: Claude 3.5 Sonnet or GPT-5 has no capability here' end
        ) as refusal_reason
    from mart.capability_gap as g
    cross join scale as s

)

select * from final
